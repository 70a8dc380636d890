{{/* The name of all objects, without the suffix of their part. */}}
{{- define "roster.name" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* Labels of every object. Of a part: (list . "api"); with its own besides `commonLabels`: (list . "api" LABELS). */}}
{{- define "roster.labels" -}}
{{- with index . 0 -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: roster
{{- end }}
{{ include "roster.selector" . }}
{{- with merge (dict) (slice . 2 | first | default dict) ((index . 0).Values.commonLabels | default dict) }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Labels of a pod: without the chart's version, whose change must not restart it. */}}
{{- define "roster.podLabels" -}}
app.kubernetes.io/version: {{ (index . 0).Values.image.tag | default (index . 0).Chart.AppVersion | trunc 63 | quote }}
app.kubernetes.io/part-of: roster
{{ include "roster.selector" . }}
{{- end }}

{{/* Selector of the pods of a part: (list . "api"); of all parts: (list . ""). */}}
{{- define "roster.selector" -}}
{{- $part := index . 1 -}}
{{- with index . 0 -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- with $part }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{/* The deployments, as a JSON list: with SQLite the API's own pod is the worker. */}}
{{- define "roster.deployments" -}}
{{ ternary (list "api") (list "api" "worker") (eq .Values.store "sqlite") | toJson }}
{{- end }}

{{/* A quantity of memory in MiB, rounded down; 0 where it is not set. */}}
{{- define "roster.mebibytes" -}}
{{- $units := dict "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 -}}
{{- $unit := regexFind "[A-Za-z]+$" (toString .) -}}
{{ divf (mulf (trimSuffix $unit (toString .) | float64) (get $units $unit | default 1)) 1048576 | floor | int }}
{{- end }}

{{/* Memory of a pod besides `settings.imageMemoryMiB` and `settings.cacheMiB`, in MiB: bodies in flight, and code, connections and
     everything else. The sum of all four is the minimum limit; docs/container.md explains each. */}}
{{- define "roster.memoryOverheadMiB" -}}
{{ add 32 64 }}
{{- end }}

{{/* The chart's own annotations, as text, and those of values, each key once: (list TEXT ANNOTATIONS). The values' are used. */}}
{{- define "roster.merged" -}}
{{- $text := index . 0 -}}
{{- $annotations := index . 1 | default dict -}}
{{- $own := fromYaml $text -}}
{{- $both := merge (dict) $annotations $own -}}
{{- /* `merge` takes an empty text for missing. */ -}}
{{- range $key, $value := $annotations -}}
{{- $_ := set $both $key $value -}}
{{- end -}}
{{- if lt (len $both) (add (len $annotations) (len $own) | int) -}}
{{ toYaml $both }}
{{- else -}}
{{ list $text (empty $annotations | ternary "" (toYaml $annotations)) | compact | join "\n" }}
{{- end }}
{{- end }}

{{/* An image in the registry that all images are pulled from, if there is one: (list . "NAME" REGISTRY). */}}
{{- define "roster.mirrored" -}}
{{- with (index . 0).Values.global.imageRegistry | default (index . 2) }}{{ . }}/{{ end }}{{ index . 1 -}}
{{- end }}

{{/* The image, by digest where one is set. */}}
{{- define "roster.image" -}}
{{- with .Values.image -}}
{{ include "roster.mirrored" (list $ .repository .registry) }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{/* The host of the Ingress or the Gateway; empty without either. */}}
{{- define "roster.host" -}}
{{- if .Values.ingress.enabled }}{{ .Values.ingress.host }}{{ else if .Values.gateway.enabled }}{{ .Values.gateway.host }}{{ end -}}
{{- end }}

{{/* All its hosts, as a JSON list. */}}
{{- define "roster.hosts" -}}
{{- $exposure := ternary .Values.ingress .Values.gateway .Values.ingress.enabled -}}
{{ concat (list $exposure.host) ($exposure.extraHosts | default list) | toJson }}
{{- end }}

{{/* The Secrets with which images are pulled, as a JSON list. */}}
{{- define "roster.pullSecrets" -}}
{{- $secrets := .Values.image.pullSecrets | default list -}}
{{- range .Values.global.imagePullSecrets -}}
{{- $secrets = append $secrets (kindIs "string" . | ternary (dict "name" .) .) -}}
{{- end -}}
{{ uniq $secrets | toJson }}
{{- end }}

{{- define "roster.tlsSecret" -}}
{{ .Values.tls.secretName | default (printf "%s-tls" (include "roster.name" .)) }}
{{- end }}

{{/* The Secret whose keys become environment variables; empty where there is none. */}}
{{- define "roster.secret" -}}
{{ .Values.secret.existing | default (ternary (printf "%s-environment" (include "roster.name" .)) "" .Values.secret.external.enabled) }}
{{- end }}

{{- define "roster.claim" -}}
{{ .Values.sqlite.existingClaim | default (printf "%s-data" (include "roster.name" .)) }}
{{- end }}
