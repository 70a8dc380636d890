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

{{/* Annotations that the flavour of the Ingress needs. */}}
{{- define "roster.ingressAnnotations" -}}
{{- if eq .Values.ingress.flavour "nginx" }}
# A form with the largest image fits, so that the API itself refuses a larger one.
nginx.ingress.kubernetes.io/proxy-body-size: {{ include "roster.bodyMiB" . }}m
# An upload is passed on unbuffered: the API refuses what is too large or too slow.
nginx.ingress.kubernetes.io/proxy-request-buffering: "off"
{{- else if eq .Values.ingress.flavour "alb" }}
alb.ingress.kubernetes.io/scheme: internet-facing
alb.ingress.kubernetes.io/target-type: ip
alb.ingress.kubernetes.io/healthcheck-path: {{ ternary "/cache/healthz" "/readyz" (eq (include "roster.front" .) "cache") }}
alb.ingress.kubernetes.io/healthcheck-interval-seconds: "5"
# Longer than the drain, shorter than the termination of the pod.
alb.ingress.kubernetes.io/target-group-attributes: deregistration_delay.timeout_seconds={{ include "roster.drainSeconds" . | add 25 }}
{{- if .Values.tls.enabled }}
# ACM's certificate is found by the host.
alb.ingress.kubernetes.io/listen-ports: '[{"HTTP": 80}, {"HTTPS": 443}]'
alb.ingress.kubernetes.io/ssl-redirect: "443"
alb.ingress.kubernetes.io/ssl-policy: ELBSecurityPolicy-TLS13-1-2-2021-06
{{- end }}
{{- end }}
{{- with include "roster.allowListAnnotation" . | trim }}
{{ . }}
{{- end }}
{{- end }}

{{/* The annotation that has the allow-list. */}}
{{- define "roster.allowListAnnotation" -}}
{{- with .Values.allowList }}
{{- if eq $.Values.ingress.flavour "nginx" }}
nginx.ingress.kubernetes.io/whitelist-source-range: {{ join "," . }}
{{- else if eq $.Values.ingress.flavour "alb" }}
alb.ingress.kubernetes.io/inbound-cidrs: {{ join "," . }}
{{- end }}
{{- end }}
{{- end }}

{{/* The name of a listener of the chart's Gateway, for a host by its number: (list "https" 0). */}}
{{- define "roster.listener" -}}
{{ index . 0 }}{{ with index . 1 }}-{{ . }}{{ end }}
{{- end }}
