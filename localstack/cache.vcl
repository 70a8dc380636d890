vcl 4.1;

# The APIs of the profile `cached` of docker-compose.yml, taken in turn.
import directors;

probe health { .url = "/healthz"; .interval = 2s; .timeout = 2s; .window = 4; .threshold = 2; .initial = 2; }

backend cached_1 { .host = "cached-1"; .port = "8080"; .probe = health; }
backend cached_2 { .host = "cached-2"; .port = "8080"; .probe = health; }
backend cached_3 { .host = "cached-3"; .port = "8080"; .probe = health; }
backend cached_4 { .host = "cached-4"; .port = "8080"; .probe = health; }
backend cached_5 { .host = "cached-5"; .port = "8080"; .probe = health; }

sub vcl_init {
  new apis = directors.round_robin();
  apis.add_backend(cached_1);
  apis.add_backend(cached_2);
  apis.add_backend(cached_3);
  apis.add_backend(cached_4);
  apis.add_backend(cached_5);
}

sub vcl_recv {
  set req.backend_hint = apis.backend();
}

# ROSTER_CORS_ORIGINS is not set.
sub known_origin {
  unset req.http.Origin;
}

include "roster.vcl";
