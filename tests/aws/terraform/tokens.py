"""Tokens of identity providers; the emulated STS reads their claims and does not check the signature."""

import base64
import json
import time


def token(subject):
    """A token for STS, of a pod or of a job on GitHub."""
    now = int(time.time())
    claims = {"sub": subject, "aud": ["sts.amazonaws.com"], "iat": now, "exp": now + 3600}
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256", "typ": "JWT"}, claims)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in [*parts, b"signature"])
