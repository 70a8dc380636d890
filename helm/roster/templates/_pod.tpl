{{/* What the pods of all parts share, by the part: (list . "api"). */}}

{{- define "roster.pod" -}}
{{- $part := index . 1 -}}
{{- with index . 0 -}}
serviceAccountName: {{ include "roster.name" . }}-{{ $part }}
# No pod calls the API server. EKS's webhook mounts the token for STS itself.
automountServiceAccountToken: false
# Otherwise a Service named roster-auth would set ROSTER_AUTH_* variables.
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: { type: RuntimeDefault }
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{/* Only within one revision, so that a roll-out does not count the pods that it replaces. */}}
{{- define "roster.spread" -}}
{{- $selector := include "roster.selector" . -}}
{{- with (index . 0).Values.spread -}}
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
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
envFrom:
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
