vcl 4.1;

# The HTTP cache in front of Roster's API (docs/cache.md). It is included by a file that declares the backend; the
# chart, docker compose and the tests each have their own.
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
  # Kept if the API would keep it, so that the logs of both have the same id.
  if (req.http.X-Request-Id !~ "^[A-Za-z0-9._-]{1,128}$") {
    set req.http.X-Request-Id = "cache-" + std.time2integer(now, 0) + "-" + req.xid;
  }
  if (req.restarts == 0) {
    unset req.http.Roster-Stale;
  } elsif (req.restarts == 1) {
    # There is a response that is older than this: it is needed only if the API fails.
    set req.grace = 10s;
  } else {
    set req.grace = 24h;
  }

  # A response to a token is for its bearer, and the API evaluates these conditions.
  if ((req.method != "GET" && req.method != "HEAD") || req.http.Authorization || req.http.If-Match || req.http.If-Unmodified-Since) {
    return (pass);
  }
  if (req.url !~ "^/(users(/[0-9a-f]+)?|avatars?/[^?]*)(\?|$)") {
    return (pass);
  }

  # What has no effect on a response must not make copies of it.
  unset req.http.Cookie;
  if (req.url ~ "^/(users|avatars)/") {
    set req.url = regsub(req.url, "\?.*$", "");
  }
  if (req.url ~ "^/avatar/") {
    set req.url = std.querysort(req.url);
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
    return (synth(400, "Surrogate-Key must be keys, parted by spaces"));
  }
  std.log("roster: ban refused: " + std.ban_error());
  return (synth(500, "Ban refused"));
}

sub vcl_hash {
  # No response depends on `Host`: links are built from settings.
  hash_data(req.url);
  return (lookup);
}

sub vcl_hit {
  # Within 10 s after its lifetime a response is sent, and fetched again meanwhile. Later it is fetched first, unless
  # the API is away.
  if (req.restarts == 0 && obj.ttl + 10s < 0s && std.healthy(req.backend_hint)) {
    set req.http.Roster-Stale = "yes";
    return (restart);
  }
  return (deliver);
}

sub vcl_backend_fetch {
  # The API begins each answer within 20 s, and cuts one that makes no progress for 30 s.
  set bereq.connect_timeout = 1s;
  set bereq.first_byte_timeout = 25s;
  set bereq.between_bytes_timeout = 40s;
  return (fetch);
}

sub vcl_backend_response {
  if (beresp.status >= 500) {
    # What is kept stays, and is sent.
    if (bereq.is_bgfetch || bereq.http.Roster-Stale) {
      return (abandon);
    }
    # Those that wait for the same must not wait one after the other.
    set beresp.ttl = 1s;
    set beresp.uncacheable = true;
    return (deliver);
  }
  if (bereq.uncacheable) {
    return (deliver);
  }

  # The API says `no-store` to clients, since no ban reaches them.
  if (beresp.status == 404 && beresp.http.Surrogate-Key) {
    set beresp.ttl = 5s;
  } elsif ((beresp.status != 200 && beresp.status != 302)
    || !beresp.http.Surrogate-Key
    || beresp.http.Cache-Control !~ "(s-maxage|max-age)="
    || beresp.http.Cache-Control ~ "(no-store|private)"
    || beresp.http.Vary ~ "\*"
    # Of unknown length, such as a long list, or so large that it would push out much else.
    || !beresp.http.Content-Length
    || std.integer(beresp.http.Content-Length, 0) > 4194304) {
    set beresp.ttl = 120s;
    set beresp.uncacheable = true;
    return (deliver);
  }
  # The net below a ban that is lost, also for images that never change: they can be erased.
  if (beresp.ttl > 60s) {
    set beresp.ttl = 60s;
  }
  # For the time that the API is away.
  set beresp.grace = 24h;
  return (deliver);
}

sub vcl_backend_error {
  # Another connection, perhaps to another pod.
  if (bereq.retries == 0 && (bereq.method == "GET" || bereq.method == "HEAD")) {
    return (retry);
  }
  if (bereq.is_bgfetch || bereq.http.Roster-Stale) {
    return (abandon);
  }
  set beresp.status = 503;
  set beresp.http.Content-Type = "application/problem+json";
  set beresp.http.Cache-Control = "no-store";
  set beresp.http.Retry-After = "1";
  set beresp.body = """{"type":"urn:roster:problem:unavailable","title":"The store is unavailable","status":503,"""
    + """"detail":"The API does not answer; try again. A write may still have succeeded."}""";
  set beresp.ttl = 0s;
  return (deliver);
}

sub vcl_deliver {
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
  # The API failed: what is kept is sent, however old it is.
  if (req.restarts == 1 && req.http.Roster-Stale) {
    return (restart);
  }
  set resp.http.X-Cache = "miss";
  set resp.http.Content-Type = "text/plain";
  set resp.body = resp.reason + {"
"};
  return (deliver);
}
