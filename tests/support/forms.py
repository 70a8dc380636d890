"""Uploads as browsers send them."""

import uuid


def multipart(name, email, picture, kind=None):
    """Content type and body of a form, without the fields that are None; `kind` is the declared type of the picture."""
    boundary = uuid.uuid4().hex
    texts = [(key, text) for key, text in (("name", name), ("email", email)) if text]
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{text}\r\n' for key, text in texts]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="avatar"; filename="a.jpg"\r\n'
    head += f"Content-Type: {kind}\r\n\r\n" if kind else "\r\n"
    return f"multipart/form-data; boundary={boundary}", "".join([*parts, head]).encode() + picture + f"\r\n--{boundary}--\r\n".encode()
