{{/* What the pods of all parts share, by the part: (list . "api"). */}}

{{- define "roster.pod" -}}
{{- $part := index . 1 -}}
{{- $own := include "roster.own" . | fromJson -}}
{{- with index . 0 -}}
serviceAccountName: {{ include "roster.account" (list . $part) | quote }}
# No pod calls the API server. EKS's webhook mounts the token for STS itself.
automountServiceAccountToken: false
# Otherwise a Service named roster-auth would set ROSTER_AUTH_* variables.
enableServiceLinks: false
{{- with include "roster.pullSecrets" . | fromJsonArray }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $own.priorityClassName | default .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .Values.runtimeClassName }}
runtimeClassName: {{ . | quote }}
{{- end }}
{{- with .Values.hostAliases }}
hostAliases: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.dnsPolicy }}
dnsPolicy: {{ . }}
{{- end }}
{{- with .Values.dnsConfig }}
dnsConfig: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext: {{- include "roster.podSecurityContext" (.Values.podSecurityContext | default dict) | nindent 2 }}
{{- with $own.nodeSelector | default .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $own.tolerations | default .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $own.affinity | default .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{/* The values of a part, as JSON: (list . "operator") has those of `sweep`, and the parts of the database those of `postgres.bundled`. */}}
{{- define "roster.own" -}}
{{- $values := (index . 0).Values -}}
{{ hasPrefix "postgres" (index . 1) | ternary $values.postgres.bundled (index $values (index . 1 | replace "operator" "sweep")) | default dict | toJson }}
{{- end }}

{{/* The name of a part's service account. */}}
{{- define "roster.account" -}}
{{- $account := (include "roster.own" . | fromJson).serviceAccount | default dict -}}
{{ $account.name | default (printf "%s-%s" (include "roster.name" (index . 0)) (index . 1)) }}
{{- end }}

{{/* A pod's security context. What is null is left to the cluster. */}}
{{- define "roster.podSecurityContext" -}}
runAsNonRoot: true
{{- range $field := list "runAsUser" "runAsGroup" "fsGroup" }}
{{- $number := get $ $field }}
{{- /* Helm 3.18.0 has numbers as text. */}}
{{- if has (kindOf $number) (list "int64" "float64") }}
{{ $field }}: {{ int64 $number }}
{{- else if $number }}
{{ $field }}: {{ $number }}
{{- end }}
{{- end }}
{{- with .fsGroupChangePolicy }}
fsGroupChangePolicy: {{ . }}
{{- end }}
seccompProfile: {{ if .seccompProfile }}{{ toJson .seccompProfile }}{{ else }}{ type: RuntimeDefault }{{ end }}
{{- with pick . "supplementalGroups" "supplementalGroupsPolicy" "seLinuxOptions" }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Only within one revision, so that a roll-out does not count the pods that it replaces. */}}
{{- define "roster.spread" -}}
{{- $selector := include "roster.selector" . -}}
{{- $own := include "roster.own" . | fromJson -}}
{{- with merge (dict) ($own.spread | default dict) ((index . 0).Values.spread | default dict) -}}
topologySpreadConstraints:
  {{- range $key, $when := dict "topology.kubernetes.io/zone" .zones "kubernetes.io/hostname" .hosts }}
  - topologyKey: {{ $key }}
    maxSkew: 1
    whenUnsatisfiable: {{ $when }}
    # Not the nodes of a lost zone: they stay listed, tainted and empty, and would forbid new pods elsewhere.
    nodeTaintsPolicy: Honor
    labelSelector: { matchLabels: {{ $selector | fromYaml | toJson }} }
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}
{{- end }}

{{- define "roster.container" -}}
image: {{ include "roster.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext: {{- include "roster.securityContext" . | nindent 2 }}
envFrom:
  {{- with .Values.extraEnvFrom }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  - configMapRef: { name: {{ include "roster.settingsName" . }} }
  {{- with include "roster.secret" . }}
  - secretRef: { name: {{ . }} }
  {{- end }}
{{- end }}

{{/* Where it runs, and as whom: (list . "api"). */}}
{{- define "roster.env" -}}
{{- $part := index . 1 -}}
{{- with index . 0 -}}
- { name: OTEL_SERVICE_NAME, value: roster-{{ $part }} }
- name: POD_NAME
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
- { name: OTEL_RESOURCE_ATTRIBUTES, value: "k8s.namespace.name={{ .Release.Namespace }},k8s.pod.name=$(POD_NAME)" }
{{- with .Values.environment }}
- { name: ROSTER_ENVIRONMENT, value: {{ . | quote }} }
{{- end }}
{{- if eq (include "roster.mountsToken" .) "true" }}
- { name: AWS_ROLE_ARN, value: {{ index .Values.aws.roleArns $part | quote }} }
- { name: AWS_WEB_IDENTITY_TOKEN_FILE, value: /var/run/secrets/sts.amazonaws.com/token }
{{- end }}
{{- with include "roster.postgres.env" . | trim }}
{{ . }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "roster.mountsToken" -}}
{{ and (eq .Values.store "aws") (eq .Values.aws.identity "token") }}
{{- end }}

{{- define "roster.tokenMount" -}}
- { name: sts-token, mountPath: /var/run/secrets/sts.amazonaws.com, readOnly: true }
{{- end }}

{{/* The kubelet renews it, and the SDK reads it again for each session. */}}
{{- define "roster.tokenVolume" -}}
- name: sts-token
  projected:
    sources:
      - serviceAccountToken: { audience: sts.amazonaws.com, expirationSeconds: 3600, path: token }
{{- end }}

{{/* Volumes of a part, empty if it has none: (list . "api"). */}}
{{- define "roster.volumes" -}}
{{- $part := index . 1 -}}
{{- with index . 0 -}}
{{- if and (eq .Values.store "sqlite") (eq $part "api") }}
- name: data
  persistentVolumeClaim: { claimName: {{ include "roster.claim" . | quote }} }
{{- else if eq (include "roster.mountsToken" .) "true" }}
{{ include "roster.tokenVolume" . }}
{{- end }}
{{- with include "roster.postgres.sources" . | fromJsonArray }}
- name: database
  projected: { sources: {{ toJson . }} }
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end }}

{{/* Where its container mounts them. */}}
{{- define "roster.volumeMounts" -}}
{{- $part := index . 1 -}}
{{- with index . 0 -}}
{{- if and (eq .Values.store "sqlite") (eq $part "api") }}
- { name: data, mountPath: /data }
{{- else if eq (include "roster.mountsToken" .) "true" }}
{{ include "roster.tokenMount" . }}
{{- end }}
{{- if include "roster.postgres.sources" . | fromJsonArray }}
- { name: database, mountPath: {{ include "roster.postgres.folder" . }}, readOnly: true }
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end }}

{{/* A probe: (list "/readyz" "http" VALUES). */}}
{{- define "roster.probe" -}}
httpGet: { path: {{ index . 0 }}, port: {{ index . 1 }} }
{{- $values := index . 2 | default dict }}
{{- range $field := list "initialDelaySeconds" "periodSeconds" "timeoutSeconds" "failureThreshold" "successThreshold" }}
{{- with get $values $field }}
{{ $field }}: {{ int . }}
{{- end }}
{{- end }}
{{- end }}

{{/* Seconds until a pod of the API is killed. */}}
{{- define "roster.graceSeconds" -}}
{{ .Values.api.terminationGracePeriodSeconds | default (add 40 (include "roster.drainSeconds" .)) }}
{{- end }}

{{- define "roster.drainSeconds" -}}
{{ .Values.api.drain | trimSuffix "s" }}
{{- end }}

{{/* Containers of values. Fields missing from their security context are Roster's. */}}
{{- define "roster.extraContainers" -}}
{{- $containers := list -}}
{{- range . -}}
{{- $context := merge (dict) (.securityContext | default dict) (include "roster.securityContext" . | fromYaml) -}}
{{- /* `merge` takes false for missing. */ -}}
{{- if hasKey (.securityContext | default dict) "readOnlyRootFilesystem" -}}
{{- $_ := set $context "readOnlyRootFilesystem" .securityContext.readOnlyRootFilesystem -}}
{{- end -}}
{{- $containers = append $containers (merge (dict "securityContext" $context) .) -}}
{{- end -}}
{{ toYaml $containers }}
{{- end }}

{{/* A container's security context. */}}
{{- define "roster.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}
