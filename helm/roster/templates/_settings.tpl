{{/* The data of the ConfigMap: the settings of every pod of the release. ROSTER_ENVIRONMENT is not here, but in the pods' template. */}}
{{- define "roster.settings" -}}
{{- $settings := .Values.settings -}}
ROSTER_LOG: json
RUST_LOG: {{ $settings.logFilter | quote }}
{{- with $settings.environment | default .Values.environment }}
ROSTER_CONFIG_ENVIRONMENT: {{ . | quote }}
{{- end }}
{{- with .Values.publicUrl }}
ROSTER_PUBLIC_URL: {{ . | quote }}
{{- end }}
{{- with .Values.avatarBaseUrl }}
ROSTER_AVATAR_BASE_URL: {{ . | quote }}
{{- end }}
ROSTER_AUTH: {{ .Values.auth.mode | quote }}
{{- if eq .Values.auth.mode "oidc" }}
ROSTER_AUTH_ISSUER: {{ .Values.auth.issuer | quote }}
ROSTER_AUTH_AUDIENCE: {{ .Values.auth.audience | quote }}
{{- end }}
ROSTER_MAX_UPLOAD_BYTES: {{ $settings.maxUploadBytes | int64 | quote }}
ROSTER_IMAGE_MEMORY: {{ $settings.imageMemoryMiB | int64 | quote }}
ROSTER_CACHE_BYTES: {{ mul $settings.cacheMiB 1048576 | quote }}
{{- if .Values.cache.enabled }}
ROSTER_CACHE_BAN_URL: "http://{{ include "roster.name" . }}-cache-bans:8082"
{{- end }}
{{- with $settings.corsOrigins }}
ROSTER_CORS_ORIGINS: {{ join "," . | quote }}
{{- end }}
{{- with $settings.defaultImageHosts }}
ROSTER_DEFAULT_IMAGE_HOSTS: {{ join "," . | quote }}
{{- end }}
ROSTER_INITIALS: {{ ternary "on" "off" $settings.initials | quote }}
ROSTER_DEMO: {{ ternary "on" "off" $settings.demo | quote }}
{{- with $settings.otlpEndpoint }}
OTEL_EXPORTER_OTLP_ENDPOINT: {{ . | quote }}
{{- end }}
{{- if eq .Values.listenAddress "::" }}
ROSTER_LISTEN: "[::]:8080"
ROSTER_MANAGEMENT_LISTEN: "[::]:8081"
{{- end }}
{{- with .Values.proxy }}
{{- with .https }}
HTTPS_PROXY: {{ . | quote }}
{{- end }}
{{- with .http }}
HTTP_PROXY: {{ . | quote }}
{{- end }}
{{- if or .https .http .noProxy }}
NO_PROXY: {{ concat (.noProxy | default list) (include "roster.neverProxied" "" | fromJsonArray) | uniq | join "," | quote }}
{{- end }}
{{- end }}
{{- if eq .Values.store "sqlite" }}
ROSTER_STORAGE: sqlite:/data/roster.db
{{- else if eq .Values.store "postgres" }}
{{- include "roster.postgres.settings" . }}
{{- else }}
{{- with .Values.aws }}
ROSTER_STORAGE: aws
ROSTER_USERS_TABLE: {{ .usersTable | quote }}
ROSTER_AVATARS_BUCKET: {{ .avatarsBucket | quote }}
{{- with .uploadsBucket }}
ROSTER_UPLOADS_BUCKET: {{ . | quote }}
{{- end }}
ROSTER_EVENTS_QUEUE_URL: {{ .eventsQueueUrl | quote }}
ROSTER_DEAD_LETTERS_URL: {{ .deadLettersUrl | quote }}
AWS_REGION: {{ .region | quote }}
{{- with .endpointUrl }}
AWS_ENDPOINT_URL: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Named by its content, so that a pod of an earlier revision, and a roll-back, find the settings that they had. */}}
{{- define "roster.settingsName" -}}
{{ include "roster.name" . }}-settings-{{ include "roster.settings" . | sha256sum | trunc 10 }}
{{- end }}

{{/* Loopback, and where a pod gets its credentials, which no proxy may see. As a JSON list. */}}
{{- define "roster.neverProxied" -}}
{{ list "localhost" "127.0.0.0/8" "::1" "169.254.0.0/16" "fd00:ec2::/32" | toJson }}
{{- end }}
