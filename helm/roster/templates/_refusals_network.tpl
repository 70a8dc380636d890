{{/* Refuses values of Service, Ingress, Gateway, proxy and policies that would have no effect, or undo another. */}}
{{- define "roster.refusals.network" -}}
{{- $service := .Values.service -}}
{{- if and $service.loadBalancerClass (ne $service.type "LoadBalancer") -}}
  {{- fail (printf "service.loadBalancerClass: requires service.type LoadBalancer; it is %s." $service.type) -}}
{{- end -}}
{{- if and $service.nodePort (eq $service.type "ClusterIP") -}}
  {{- fail "service.nodePort: requires service.type NodePort or LoadBalancer." -}}
{{- end -}}
{{- $dual := has $service.ipFamilyPolicy (list "PreferDualStack" "RequireDualStack") -}}
{{- if and (or $dual (has "IPv6" $service.ipFamilies)) (ne .Values.listenAddress "::") -}}
  {{- fail "service: an address of IPv6 requires listenAddress \"::\", or pods refuse its connections." -}}
{{- end -}}
{{- if and (gt (len $service.ipFamilies) 1) (not $dual) -}}
  {{- fail "service.ipFamilies: two of them require service.ipFamilyPolicy PreferDualStack or RequireDualStack." -}}
{{- end -}}

{{- range $name := list "ingress" "gateway" -}}
  {{- with index $.Values $name -}}
    {{- if and .enabled (has .host .extraHosts) -}}
      {{- fail (printf "%s.extraHosts: has %s, which is %s.host already. Remove it." $name .host $name) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- with .Values.ingress -}}
  {{- if .enabled -}}
    {{- if $.Values.allowList -}}
      {{- range $key := concat (include "roster.allowListAnnotation" $ | fromYaml | keys) (list "nginx.ingress.kubernetes.io/allowlist-source-range" "alb.ingress.kubernetes.io/security-groups") -}}
        {{- if hasKey $.Values.ingress.annotations $key -}}
          {{- fail (printf "ingress.annotations: %s would replace allowList. Set only one of them." $key) -}}
        {{- end -}}
      {{- end -}}
    {{- end -}}
    {{- if $.Values.tls.enabled -}}
      {{- $plain := eq (toString (get .annotations "nginx.ingress.kubernetes.io/ssl-redirect")) "false" | ternary "nginx.ingress.kubernetes.io/ssl-redirect" "" -}}
      {{- with get .annotations "alb.ingress.kubernetes.io/listen-ports" -}}
        {{- if not (contains "HTTPS" .) -}}
          {{- $plain = "alb.ingress.kubernetes.io/listen-ports" -}}
        {{- end -}}
      {{- end -}}
      {{- if $plain -}}
        {{- fail (printf "ingress.annotations: with this %s clients may send tokens without TLS. Remove it, or set tls.enabled to false if TLS ends before the Ingress." $plain) -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}

{{- with .Values.tls.issuerRef -}}
  {{- if not .name -}}
    {{- fail "tls.issuerRef: requires name." -}}
  {{- end -}}
  {{- if and $.Values.ingress.enabled (eq $.Values.ingress.flavour "alb") -}}
    {{- fail "tls.issuerRef: an ALB uses certificates of ACM, found by the host. Remove it." -}}
  {{- end -}}
{{- end -}}

{{- range $scheme := list "https" "http" -}}
  {{- with index $.Values.proxy $scheme -}}
    {{- $variable := printf "%s_PROXY" (upper $scheme) -}}
    {{- if ne $.Values.store "aws" -}}
      {{- fail (printf "proxy.%s: requires store aws: only calls to AWS use a proxy." $scheme) -}}
    {{- end -}}
    {{- if contains "@" . -}}
      {{- fail (printf "proxy.%s: has a user or a password, which every reader of the ConfigMap sees. Put the URL into the Secret of secret.existing as %s, and its address into networkPolicy.extraEgress." $scheme $variable) -}}
    {{- end -}}
    {{- range $.Values.extraEnv -}}
      {{- if eq (upper .name) $variable "NO_PROXY" -}}
        {{- fail (printf "extraEnv: %s would replace proxy.%s. Set only one of them." .name (eq (upper .name) "NO_PROXY" | ternary "noProxy" $scheme)) -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}

{{- range .Values.networkPolicy.dnsPorts -}}
  {{- if has (int .) (list 80 443) -}}
    {{- fail (printf "networkPolicy.dnsPorts: %v is not a port of DNS: metadata services of clouds serve credentials on it." .) -}}
  {{- end -}}
{{- end -}}
{{- end }}
