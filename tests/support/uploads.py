"""Direct uploads as a client makes them: announced to the API, then sent to where it said."""

import hashlib
import json
import urllib.error
import urllib.request


def announcement(picture, kind, **further):
    """Content type and body of the request that announces it."""
    return "application/json", json.dumps({"content_type": kind, "size": len(picture), **further}).encode()


def digest(picture):
    return hashlib.sha256(picture).hexdigest()


def send(place, picture, **headers):
    """The status of the request that the API described, with these headers instead of its own. The length is that of the picture."""
    described = {name: value for name, value in place["headers"].items() if name != "content-length"}
    request = urllib.request.Request(place["url"], picture, {**described, **headers}, method=place["method"])
    try:
        return urllib.request.urlopen(request, timeout=60).status
    except urllib.error.HTTPError as error:
        return error.status


def preflight(place, origin):
    """Whether a browser may send it from a page of this origin."""
    # A browser sets the length itself, and asks for what the page sets.
    names = ",".join(name for name in place["headers"] if name != "content-length")
    asked = {"Origin": origin, "Access-Control-Request-Method": place["method"], "Access-Control-Request-Headers": names}
    try:
        answer = urllib.request.urlopen(urllib.request.Request(place["url"], headers=asked, method="OPTIONS"), timeout=60)
    except urllib.error.HTTPError:
        return False
    return answer.headers.get("Access-Control-Allow-Origin") == origin
