"""Uploads as browsers send them."""

import uuid


def multipart(name, email, picture, kind=None, upload=None):
    """Content type and body of a form, without the fields that are None; `kind` is the declared type of the picture, and `upload` a
    direct upload in its place."""
    boundary = uuid.uuid4().hex
    texts = [(key, text) for key, text in (("name", name), ("email", email), ("upload", upload)) if text]
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{text}\r\n' for key, text in texts]
    body = "".join(parts).encode()
    if picture is not None:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="avatar"; filename="a.jpg"\r\n'
        head += f"Content-Type: {kind}\r\n\r\n" if kind else "\r\n"
        body += head.encode() + picture + b"\r\n"
    return f"multipart/form-data; boundary={boundary}", body + f"--{boundary}--\r\n".encode()
