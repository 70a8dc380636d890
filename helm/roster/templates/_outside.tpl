{{/* The paths exposed outside the cluster: the API and its documents, but neither health, which is for probes, nor metrics. */}}
{{- define "roster.paths" -}}
/user: Exact
/uploads: Prefix
/users: Prefix
/avatar: Prefix
/avatars: Prefix
/openapi.json: Exact
/docs: Prefix
{{- if .Values.settings.demo }}
/demo: Prefix
{{- end }}
{{- end }}

{{/* The largest body that is accepted, in MiB: the largest image, and room for the rest of the form. */}}
{{- define "roster.bodyMiB" -}}
{{ add 1 (divf .Values.settings.maxUploadBytes 1048576 | ceil | int) }}
{{- end }}
