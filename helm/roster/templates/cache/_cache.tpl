{{/* The part that clients reach: the cache, where there is one that serves. */}}
{{- define "roster.front" -}}
{{ ternary "cache" "api" (and .Values.cache.enabled .Values.cache.serves) }}
{{- end }}

{{/* The rules of Varnish, and the API behind them. */}}
{{- define "roster.cacheRules" -}}
default.vcl: |
  vcl 4.1;

  backend api {
    .host = "{{ include "roster.name" . }}-api";
    .port = "80";
    .host_header = "{{ include "roster.name" . }}-api";
    # Each probe is of any of its pods, so one answer is enough.
    .probe = { .url = "/healthz"; .interval = 2s; .timeout = 2s; .window = 4; .threshold = 1; .initial = 1; }
  }

  # The responses for pages of these origins differ by the origin (settings.corsOrigins).
  sub known_origin {
    {{- with .Values.settings.corsOrigins }}
    if (req.http.Origin !~ "^({{ range $number, $origin := . }}{{ if $number }}|{{ end }}{{ regexQuoteMeta $origin }}{{ end }})$") {
      unset req.http.Origin;
    }
    {{- else }}
    unset req.http.Origin;
    {{- end }}
  }

  include "roster.vcl";
roster.vcl: |
  {{- .Files.Get "files/cache/roster.vcl" | nindent 2 }}
{{- end }}

{{/* An image of `cache`: (list . VALUES). */}}
{{- define "roster.cacheImage" -}}
{{- with index . 1 -}}
{{ include "roster.mirrored" (list (index $ 0) .repository "") }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag }}{{ end }}
{{- end -}}
{{- end }}

{{/* Seconds until a pod of the cache is killed. */}}
{{- define "roster.cacheGraceSeconds" -}}
{{ .Values.cache.terminationGracePeriodSeconds | default (add 30 (include "roster.drainSeconds" .)) }}
{{- end }}

{{/* What a pod of the cache needs besides `cache.sizeMiB` and a quarter of it, in MiB: 40 of Transient, 70 of threads
     (files/cache/parameters), 8 of its log, 42 of the program, its rules and counters. */}}
{{- define "roster.cacheOverheadMiB" -}}
160
{{- end }}
