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
  {{- fail "service: an IPv6 address requires listenAddress \"::\", or pods refuse its connections." -}}
{{- end -}}
{{- if and (gt (len ($service.ipFamilies | default list)) 1) (not $dual) -}}
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
    {{- $annotations := .annotations | default dict -}}
    {{- if $.Values.allowList -}}
      {{- range $key := concat (include "roster.allowListAnnotation" $ | fromYaml | keys) (list "nginx.ingress.kubernetes.io/allowlist-source-range" "alb.ingress.kubernetes.io/security-groups" "alb.ingress.kubernetes.io/security-group-prefix-lists") -}}
        {{- if hasKey $annotations $key -}}
          {{- fail (printf "ingress.annotations: %s would replace allowList. Set only one of them." $key) -}}
        {{- end -}}
      {{- end -}}
    {{- end -}}
    {{- if $.Values.tls.enabled -}}
      {{- $plain := eq (toString (get $annotations "nginx.ingress.kubernetes.io/ssl-redirect")) "false" | ternary "nginx.ingress.kubernetes.io/ssl-redirect" "" -}}
      {{- $redirect := "alb.ingress.kubernetes.io/ssl-redirect" -}}
      {{- if and (eq .flavour "alb") (hasKey $annotations $redirect) (not (get $annotations $redirect)) -}}
        {{- $plain = $redirect -}}
      {{- end -}}
      {{- with get $annotations "alb.ingress.kubernetes.io/listen-ports" -}}
        {{- if not (contains "HTTPS" .) -}}
          {{- $plain = "alb.ingress.kubernetes.io/listen-ports" -}}
        {{- end -}}
      {{- end -}}
      {{- if $plain -}}
        {{- fail (printf "ingress.annotations: %s lets clients send tokens without TLS. Remove it, or set tls.enabled to false if TLS ends before the Ingress." $plain) -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}

{{- with .Values.tls.issuerRef -}}
  {{- if not .name -}}
    {{- fail "tls.issuerRef: requires name." -}}
  {{- end -}}
  {{- if not $.Values.tls.enabled -}}
    {{- fail "tls.issuerRef: has no effect if tls.enabled is false. Remove it, or set tls.enabled to true." -}}
  {{- end -}}
  {{- if and $.Values.ingress.enabled (eq $.Values.ingress.flavour "alb") -}}
    {{- fail "tls.issuerRef: an ALB uses certificates of ACM, found by the host. Remove it." -}}
  {{- end -}}
{{- end -}}

{{- range $scheme := list "https" "http" -}}
  {{- with index $.Values.proxy $scheme -}}
    {{- $variable := printf "%s_PROXY" (upper $scheme) -}}
    {{- if contains "@" . -}}
      {{- fail (printf "proxy.%s: has a user or a password, which every reader of the ConfigMap sees. Put the URL into the Secret of secret.existing as %s, its address into networkPolicy.extraEgress, and what is reached without it into proxy.noProxy, such as 169.254.0.0/16." $scheme $variable) -}}
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
    {{- fail (printf "networkPolicy.dnsPorts: %v is not a DNS port; cloud metadata services serve credentials on it." .) -}}
  {{- end -}}
{{- end -}}
{{- end }}
