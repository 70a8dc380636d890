vcl 4.1;

# The HTTP cache in front of Roster's API (docs/cache.md). It is included by a file that declares the backend, and the
# sub `known_origin`; the chart, docker compose and the tests each have their own.
#
# A response is kept only if it has a surrogate key, by which the API can ban it. Each has one: `users` for every list,
# the hash of an e-mail for everything of one user. Bans come to a listener of their own, named `ban`.

import std;

sub vcl_recv {
  if (local.socket == "ban") {
    call take_ban;
  }
  # The cache alone: without the API it sends what it keeps.
  if (req.url == "/cache/healthz") {
    return (synth(200, "OK"));
  }
  # Kept if the API would keep it, so that both logs have the same id.
  if (req.http.X-Request-Id !~ "^[A-Za-z0-9._-]{1,128}$") {
    set req.http.X-Request-Id = "cache-" + std.time2integer(now, 0) + "-" + req.xid;
  }

  # Uploads: the API may refuse one before its end. Varnish would read the rest first, and make a 503 of it (its issue
  # 2332). Without a healthy API they are passed on, and end in a proper 503.
  if ((req.method == "POST" || req.method == "PUT") && req.url ~ "^/(user(\?|$)|users/[^/?]+/avatar|uploads/)"
    && std.healthy(req.backend_hint)) {
    return (pipe);
  }
  # A response to a token is for its bearer, and the API evaluates these conditions.
  if ((req.method != "GET" && req.method != "HEAD") || req.http.Authorization || req.http.If-Match || req.http.If-Unmodified-Since) {
    return (pass);
  }
  if (req.url !~ "^/(users(/[0-9a-f]+)?|avatars?/[^?&]*)(\?|$)") {
    return (pass);
  }

  # What has no effect on a response must not make copies of it.
  unset req.http.Cookie;
  call known_origin;
  if (req.url ~ "^/(users|avatars)/") {
    set req.url = regsub(req.url, "\?.*$", "");
  }
  if (req.url ~ "^/avatar/") {
    # Parameters without effect, unless their name is encoded; then the separators that they leave.
    set req.url = regsuball(req.url, "(^[^?]*\?|&)(?!(s|size|d|default|f|forcedefault)(=|&|$)|[^=&]*%)[^&]*", "\1");
    set req.url = regsuball(req.url, "(^[^?]*\?)&+|&+(&|$)", "\1\2");
    set req.url = regsub(req.url, "^([^?]*)\?$", "\1");
    std.collect(req.http.Accept);
    # WebP for clients that name it, unless with the weight 0.
    if (req.http.Accept ~ "(?i)(^|,)\s*image/webp\s*(;(?!\s*q=0(\.0*)?\s*(;|,|$))[^,]*)?(,|$)") {
      set req.http.Accept = "image/webp";
    } else {
      unset req.http.Accept;
    }
  }
  if (req.url !~ "^/avatars/") {
    unset req.http.Range;
  }
  return (hash);
}

sub take_ban {
  if (req.url == "/healthz") {
    return (synth(200, "OK"));
  }
  if (req.method != "POST") {
    return (synth(405, "Method Not Allowed"));
  }
  if (req.http.Surrogate-Key == "all") {
    if (std.ban("obj.http.Surrogate-Key ~ .")) {
      return (synth(200, "Banned"));
    }
  } elsif (req.http.Surrogate-Key ~ "^[0-9a-z]+( [0-9a-z]+)*$") {
    if (std.ban("obj.http.Surrogate-Key ~ ^(" + regsuball(req.http.Surrogate-Key, " ", "|") + ")$")) {
      return (synth(200, "Banned"));
    }
  } else {
    return (synth(400, "Surrogate-Key must be space-separated keys"));
  }
  std.log("roster: ban refused: " + std.ban_error());
  return (synth(500, "Ban refused"));
}

sub vcl_hash {
  # No response depends on `Host`: links are built from settings.
  hash_data(req.url);
  return (lookup);
}

# Varnish's own vcl_hit sends a response until the end of its grace, and fetches it again in the background once its
# lifetime has ended: so no client waits for the API, or for others that wait for it.

# Varnish's own vcl_backend_fetch removes the body of a GET, for whose end all would wait.
sub vcl_backend_fetch {
  # The API begins each answer within 20 s, and cuts one that makes no progress for 30 s.
  set bereq.connect_timeout = 1s;
  set bereq.first_byte_timeout = 25s;
  set bereq.between_bytes_timeout = 40s;
}

sub vcl_backend_response {
  # What is kept stays.
  if (beresp.status >= 500 && bereq.is_bgfetch) {
    return (abandon);
  }
  if (bereq.uncacheable) {
    return (deliver);
  }
  # It would push out much else. The API answers its ranges and conditions.
  if (std.integer(beresp.http.Content-Length, 0) > 4194304) {
    return (pass(120s));
  }
  # The API sends `no-store` to clients, since no ban reaches them.
  if (beresp.status == 404 && beresp.http.Surrogate-Key) {
    set beresp.ttl = 5s;
    set beresp.grace = 60s;
  } elsif ((beresp.status != 200 && beresp.status != 302)
    || !beresp.http.Surrogate-Key
    || beresp.http.Cache-Control !~ "(s-maxage|max-age)="
    || beresp.http.Cache-Control ~ "(no-store|private)"
    || beresp.http.Vary ~ "\*"
    # Of unknown length, such as a long list.
    || !beresp.http.Content-Length) {
    # Those that wait for the same must not wait one after the other.
    set beresp.ttl = 1s;
    set beresp.uncacheable = true;
    return (deliver);
  } else {
    # The net below a ban that is lost, also for images that never change: they can be erased.
    if (beresp.ttl > 60s) {
      set beresp.ttl = 60s;
    }
    # For the time that the API is away.
    set beresp.grace = 24h;
  }
  # It may show the state before a write, and arrive after both bans of it, which are half a second apart.
  if (now - bereq.time > 400ms) {
    # What is kept stays, with its grace, and the ban removes it. An image that is gone must not stay, nor one that has
    # another in its place.
    if (bereq.is_bgfetch && beresp.status != 404 && bereq.url !~ "^/avatar/") {
      return (abandon);
    }
    set beresp.ttl = 1s;
    set beresp.grace = 0s;
  }
  return (deliver);
}

sub vcl_backend_error {
  # Another connection, perhaps to another pod; after a timeout it would only double the wait.
  if (bereq.retries == 0 && (bereq.method == "GET" || bereq.method == "HEAD") && now - bereq.time < 2s) {
    return (retry);
  }
  if (bereq.is_bgfetch) {
    return (abandon);
  }
  # vcl_deliver makes a problem of it. As above, no one waits for the same in turn.
  set beresp.http.Roster-Unavailable = "yes";
  set beresp.ttl = 1s;
  set beresp.uncacheable = true;
  return (deliver);
}

sub vcl_deliver {
  if (resp.http.Roster-Unavailable) {
    return (synth(503, "Service Unavailable"));
  }
  # Its digest must not leave the cluster.
  unset resp.http.Surrogate-Key;
  unset resp.http.X-Varnish;
  unset resp.http.Via;
  # No ban reaches caches behind this one.
  if (resp.http.Cache-Control ~ "s-maxage=") {
    set resp.http.Cache-Control = regsub(resp.http.Cache-Control, ", *s-maxage=[0-9]+", "");
    unset resp.http.Age;
  }
  if (req.url !~ "^/avatars/") {
    unset resp.http.Accept-Ranges;
  }
  set resp.http.X-Request-Id = req.http.X-Request-Id;
  if (obj.hits > 0) {
    set resp.http.X-Cache = "hit";
  } else {
    set resp.http.X-Cache = "miss";
  }
  return (deliver);
}

sub vcl_synth {
  set resp.http.X-Cache = "miss";
  set resp.http.X-Request-Id = req.http.X-Request-Id;
  if (resp.status == 503) {
    set resp.http.Content-Type = "application/problem+json";
    set resp.http.Cache-Control = "no-store";
    set resp.http.Retry-After = "1";
    set resp.body = """{"type":"urn:roster:problem:unavailable","title":"The store is unavailable","status":503,"""
      + """"detail":"The API does not answer; try again. A write may still have succeeded."}""";
  } else {
    set resp.http.Content-Type = "text/plain";
    set resp.body = resp.reason + {"
"};
  }
  return (deliver);
}
