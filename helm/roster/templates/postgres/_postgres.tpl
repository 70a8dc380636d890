{{/* How pods reach the database, by `postgres.mode`, and what its own pods share. */}}

{{/* Where pods of Roster find password and certificate authority. */}}
{{- define "roster.postgres.folder" -}}
/var/run/secrets/postgres
{{- end }}

{{- define "roster.postgres.name" -}}
{{ include "roster.name" . }}-postgres
{{- end }}

{{/* The Service of the database that the chart makes. */}}
{{- define "roster.postgres.host" -}}
{{ include "roster.postgres.name" . }}{{ eq .Values.postgres.mode "cloudnative-pg" | ternary "-rw" "" }}.{{ .Release.Namespace }}.svc
{{- end }}

{{/* Settings in the ConfigMap. A URL of `external` may have a password, so it is not there. */}}
{{- define "roster.postgres.settings" }}
{{- if ne .Values.postgres.mode "external" }}
ROSTER_STORAGE: "postgres://roster@{{ include "roster.postgres.host" . }}:5432/roster?sslrootcert={{ include "roster.postgres.folder" . }}/ca.crt"
{{- end }}
{{- if or (ne .Values.postgres.mode "external") .Values.postgres.external.passwordKey }}
ROSTER_STORAGE_PASSWORD_FILE: {{ include "roster.postgres.folder" . }}/password
{{- end }}
{{- end }}

{{/* Variables of `external`, empty otherwise. */}}
{{- define "roster.postgres.env" -}}
{{- with .Values.postgres }}
{{- if and (eq $.Values.store "postgres") (eq .mode "external") }}
{{- with .external }}
{{- $authority := or .ca.configMap .ca.secret }}
- name: {{ empty $authority | ternary "ROSTER_STORAGE" "DATABASE_URL" }}
  valueFrom: { secretKeyRef: { name: {{ .secret | quote }}, key: {{ .urlKey | quote }} } }
{{- if $authority }}
- { name: ROSTER_STORAGE, value: "$(DATABASE_URL)?sslrootcert={{ include "roster.postgres.folder" $ }}/ca.crt" }
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Sources of the volume with password and certificate authority, as a JSON list. */}}
{{- define "roster.postgres.sources" -}}
{{- $sources := list -}}
{{- with .Values.postgres -}}
{{- if ne $.Values.store "postgres" -}}
{{- else if eq .mode "external" -}}
  {{- with .external -}}
    {{- if .passwordKey -}}
      {{- $sources = append $sources (include "roster.postgres.source" (list "secret" .secret .passwordKey "password") | fromYaml) -}}
    {{- end -}}
    {{- if .ca.configMap -}}
      {{- $sources = append $sources (include "roster.postgres.source" (list "configMap" .ca.configMap .ca.key "ca.crt") | fromYaml) -}}
    {{- else if .ca.secret -}}
      {{- $sources = append $sources (include "roster.postgres.source" (list "secret" .ca.secret .ca.key "ca.crt") | fromYaml) -}}
    {{- end -}}
  {{- end -}}
{{- else if eq .mode "bundled" -}}
  {{- $sources = append $sources (include "roster.postgres.source" (list "secret" (include "roster.postgres.secret" $) "password" "password") | fromYaml) -}}
  {{- $sources = append $sources (include "roster.postgres.source" (list "secret" (include "roster.postgres.tlsSecret" $) "ca.crt" "ca.crt") | fromYaml) -}}
{{- else -}}
  {{- /* Secrets of the operator. */ -}}
  {{- $name := include "roster.postgres.name" $ -}}
  {{- $sources = append $sources (include "roster.postgres.source" (list "secret" (printf "%s-app" $name) "password" "password") | fromYaml) -}}
  {{- $sources = append $sources (include "roster.postgres.source" (list "secret" (printf "%s-ca" $name) "ca.crt" "ca.crt") | fromYaml) -}}
{{- end -}}
{{- end -}}
{{ toJson $sources }}
{{- end }}

{{/* One key of an object, as a file of another name: (list "secret" NAME KEY FILE). */}}
{{- define "roster.postgres.source" -}}
{{ index . 0 }}: { name: {{ index . 1 | quote }}, items: [{ key: {{ index . 2 | quote }}, path: {{ index . 3 }} }] }
{{- end }}

{{/* The Secret with the passwords of `bundled`. */}}
{{- define "roster.postgres.secret" -}}
{{ .Values.postgres.bundled.existingSecret | default (include "roster.postgres.name" .) }}
{{- end }}

{{/* The Secret with the certificate of `bundled`. */}}
{{- define "roster.postgres.tlsSecret" -}}
{{ .Values.postgres.bundled.tls.existingSecret | default (printf "%s-tls" (include "roster.postgres.name" .)) }}
{{- end }}

{{/* What the job creates, as a JSON list of `passwords` and `tls`. */}}
{{- define "roster.postgres.created" -}}
{{- $created := list -}}
{{- with .Values.postgres.bundled -}}
  {{- if not .existingSecret -}}
    {{- $created = append $created "passwords" -}}
  {{- end -}}
  {{- if not (or .tls.existingSecret .tls.issuerRef) -}}
    {{- $created = append $created "tls" -}}
  {{- end -}}
{{- end -}}
{{ toJson $created }}
{{- end }}

{{- define "roster.postgres.isBundled" -}}
{{ and (eq .Values.store "postgres") (eq .Values.postgres.mode "bundled") | ternary "true" "" }}
{{- end }}

{{/* Peers of the database, as a JSON list, empty for other stores. */}}
{{- define "roster.postgres.peers" -}}
{{- if ne .Values.store "postgres" -}}
[]
{{- else if eq .Values.postgres.mode "external" -}}
{{ include "roster.egressPeers" (list "networkPolicy.database" (.Values.networkPolicy.database | default list)) }}
{{- else -}}
{{ list (dict "podSelector" (dict "matchLabels" (include "roster.postgres.selector" . | fromYaml))) | toJson }}
{{- end -}}
{{- end }}

{{- define "roster.postgres.port" -}}
{{ eq .Values.postgres.mode "external" | ternary .Values.postgres.external.port 5432 }}
{{- end }}

{{/* Selector of the pods of the database. */}}
{{- define "roster.postgres.selector" -}}
{{- if eq .Values.postgres.mode "cloudnative-pg" -}}
cnpg.io/cluster: {{ include "roster.postgres.name" . }}
{{- else -}}
{{ include "roster.selector" (list . "postgres") }}
{{- end -}}
{{- end }}

{{/* The parts that connect to the database, as a JSON list. */}}
{{- define "roster.postgres.clients" -}}
{{- $clients := include "roster.accounts" . | fromJsonArray -}}
{{- if and (include "roster.postgres.isBundled" .) .Values.postgres.bundled.backup.enabled -}}
  {{- $clients = append $clients "postgres-backup" -}}
{{- end -}}
{{ toJson $clients }}
{{- end }}

{{- define "roster.postgres.image" -}}
{{ include "roster.cacheImage" (list . .Values.postgres.bundled.image) }}
{{- end }}

{{/* Labels of a pod: without the version of Roster, whose change must not restart the database. */}}
{{- define "roster.postgres.podLabels" -}}
app.kubernetes.io/version: {{ (index . 0).Values.postgres.bundled.image.tag | quote }}
app.kubernetes.io/part-of: roster
{{ include "roster.selector" . }}
{{- with merge (dict) ((index . 0).Values.postgres.bundled.podLabels | default dict) ((index . 0).Values.commonLabels | default dict) }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* A container of the image, whose own entrypoint is not used. */}}
{{- define "roster.postgres.container" -}}
image: {{ include "roster.postgres.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext: {{- include "roster.securityContext" . | nindent 2 }}
{{- end }}

{{/* Scripts and settings of the server, or scripts of the jobs: (list . "server"). Apart, since a change of the server's restarts it. */}}
{{- define "roster.postgres.files" -}}
{{- $server := eq (index . 1) "server" -}}
{{- with index . 0 -}}
{{- range $file := ternary (list "prepare.sh" "pg_hba.conf" "pg_ident.conf") (list "backup.sh" "restore.sh" "make-credentials.sh" "store-credentials.sh") $server }}
{{ $file }}: |
  {{- (index $ 0).Files.Get (printf "files/postgres/%s" $file) | nindent 2 }}
{{- end }}
{{- if $server }}
postgresql.conf: |
  {{- tpl (.Files.Get "files/postgres/postgresql.conf") . | nindent 2 }}
  {{- range $name, $value := .Values.postgres.bundled.settings }}
  {{ $name }} = '{{ toString $value | replace "'" "''" }}'
  {{- end }}
{{- end }}
{{- with (.Values.podSecurityContext | default dict) }}
{{- if .runAsUser }}
# initdb asks for the name of its user. Where a cluster chooses the user, it also adds the name.
passwd: |
  postgres:x:{{ int64 .runAsUser }}:{{ int64 (.runAsGroup | default 0) }}::/tmp:/bin/sh
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Named by its content, as that of the settings is: a change rolls out a new pod. */}}
{{- define "roster.postgres.filesName" -}}
{{ include "roster.postgres.name" (index . 0) }}-{{ index . 1 }}-{{ include "roster.postgres.files" . | sha256sum | trunc 10 }}
{{- end }}

{{/* Mounts of every container: the scripts, and a name for the user. */}}
{{- define "roster.postgres.mounts" -}}
- { name: files, mountPath: /etc/postgres, readOnly: true }
- { name: tmp, mountPath: /tmp }
{{- if (.Values.podSecurityContext | default dict).runAsUser }}
- { name: files, mountPath: /etc/passwd, subPath: passwd, readOnly: true }
{{- end }}
{{- end }}

{{/* Volumes of every pod: (list . "server"). */}}
{{- define "roster.postgres.volumes" -}}
- name: files
  configMap: { name: {{ include "roster.postgres.filesName" . }} }
- name: tmp
  emptyDir: { sizeLimit: 64Mi }
{{- end }}

{{/* Variables by which pg_dump and psql connect: (list . "roster_backup"). */}}
{{- define "roster.postgres.client" -}}
- { name: PGHOST, value: {{ include "roster.postgres.host" (index . 0) }} }
- { name: PGDATABASE, value: roster }
- { name: PGUSER, value: {{ index . 1 }} }
- { name: PGSSLMODE, value: verify-full }
- { name: PGSSLROOTCERT, value: {{ include "roster.postgres.folder" (index . 0) }}/ca.crt }
- { name: PGCONNECT_TIMEOUT, value: "10" }
- { name: HOME, value: /tmp } # where certificates of clients are looked for
{{- end }}
