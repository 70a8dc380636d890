{{/* The part that clients reach: the cache, where there is one. */}}
{{- define "roster.front" -}}
{{ ternary "cache" "api" .Values.cache.enabled }}
{{- end }}

{{/* The rules of Varnish, and the API behind them. */}}
{{- define "roster.cacheRules" -}}
default.vcl: |
  vcl 4.1;

  backend api {
    .host = "{{ include "roster.name" . }}-api";
    .port = "80";
    .host_header = "{{ include "roster.name" . }}-api";
    # Whether the API is there: else what is kept is sent at once.
    .probe = { .url = "/healthz"; .interval = 2s; .timeout = 2s; .window = 4; .threshold = 2; .initial = 2; }
  }

  include "roster.vcl";
roster.vcl: |
  {{- .Files.Get "files/cache/roster.vcl" | nindent 2 }}
{{- end }}

{{/* An image of `cache`: its values. */}}
{{- define "roster.cacheImage" -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag }}{{ end }}
{{- end }}

{{/* What the containers of the cache's pods have in common. */}}
{{- define "roster.cacheSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end }}
