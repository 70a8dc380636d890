"""An issuer of tokens on loopback."""

import base64
import contextlib
import http.server
import json
import threading
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

AUDIENCE = "roster"


class Issuer:
    """With one RSA key."""

    def __init__(self, url):
        self.url, self.key = url, rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def documents(self):
        public = self.key.public_key().public_numbers()
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1", "n": number(public.n), "e": number(public.e)}
        return {
            "/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/keys"},
            "/keys": {"keys": [key]},
        }

    def token(self, scope="users:read users:write", seconds=3600):
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": "contract", "exp": int(time.time()) + seconds, "scope": scope}
        message = f"{encoded({'alg': 'RS256', 'kid': '1'})}.{encoded(claims)}"
        return f"{message}.{text(self.key.sign(message.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def settings(self):
        """Those of a Roster that takes its tokens."""
        return {"ROSTER_AUTH": "oidc", "ROSTER_AUTH_ISSUER": self.url, "ROSTER_AUTH_AUDIENCE": AUDIENCE}


def text(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def number(value):
    return text(value.to_bytes((value.bit_length() + 7) // 8))


def encoded(value):
    return text(json.dumps(value).encode())


@contextlib.contextmanager
def serving():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            document = self.server.documents.get(self.path)
            body = json.dumps(document).encode()
            self.send_response(200 if document else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer = Issuer(f"http://127.0.0.1:{server.server_port}")
        server.documents = issuer.documents()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield issuer
        server.shutdown()
