{{/* Values that do not go together; what is wrong in one value alone, values.schema.json refuses. */}}
{{- define "roster.refusals" -}}
{{- $outside := or .Values.ingress.enabled .Values.gateway.enabled (eq .Values.service.type "LoadBalancer") (eq .Values.service.type "NodePort") -}}

{{- if eq .Values.store "sqlite" -}}
  {{- if or (gt (int .Values.api.replicas) 1) .Values.api.autoscaling.enabled -}}
    {{- fail "store sqlite: one pod at a time may have the file. Set api.replicas to 1 and api.autoscaling.enabled to false, or store to aws." -}}
  {{- end -}}
  {{- if .Values.sweep.enabled -}}
    {{- fail "sweep.enabled: the file is the API's own with store sqlite. Run `kubectl exec` with `/roster sweep` there." -}}
  {{- end -}}
{{- else -}}
  {{- range $name := list "region" "usersTable" "avatarsBucket" "eventsQueueUrl" "deadLettersUrl" -}}
    {{- if not (index $.Values.aws $name) -}}
      {{- fail (printf "aws.%s: is required with store aws: see `just tf ENVIRONMENT service output settings`." $name) -}}
    {{- end -}}
  {{- end -}}
  {{- if not .Values.environment -}}
    {{- fail "environment: is required with store aws: say where this release runs, as its table does." -}}
  {{- end -}}
  {{- if not .Values.publicUrl -}}
    {{- fail "publicUrl: is required with store aws: say how clients reach the API." -}}
  {{- end -}}
  {{- if has .Values.aws.identity (list "irsa" "token") -}}
    {{- range $part := concat (list "api" "worker") (ternary (list "operator") list .Values.sweep.enabled) -}}
      {{- if not (index $.Values.aws.roleArns $part) -}}
        {{- fail (printf "aws.roleArns.%s: is required with aws.identity %s: see `just tf ENVIRONMENT service output pod_role_arns`." $part $.Values.aws.identity) -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}

{{- if and (eq .Values.auth.mode "oidc") (or (not .Values.auth.issuer) (not .Values.auth.audience)) -}}
  {{- fail "auth: mode oidc needs auth.issuer and auth.audience." -}}
{{- end -}}
{{- if and (eq .Values.auth.mode "oidc") (not (hasPrefix "https://" .Values.auth.issuer)) -}}
  {{- fail "auth.issuer must be an https:// URL: over plain HTTP its keys could be replaced on the way." -}}
{{- end -}}
{{- if and $outside (eq .Values.auth.mode "off") (not .Values.auth.offIsPublic) -}}
  {{- fail "auth.mode: off lets in everyone who reaches the API, and there is a way from outside. Set it to oidc, or auth.offIsPublic to true." -}}
{{- end -}}

{{- if and .Values.ingress.enabled .Values.gateway.enabled -}}
  {{- fail "ingress.enabled, gateway.enabled: one of them; each would have a host of its own." -}}
{{- end -}}
{{- if or .Values.ingress.enabled .Values.gateway.enabled -}}
  {{- if not (include "roster.host" .) -}}
    {{- fail (printf "%s.host: is required: the name by which clients reach the API." (ternary "ingress" "gateway" .Values.ingress.enabled)) -}}
  {{- end -}}
  {{- $url := urlParse .Values.publicUrl -}}
  {{- if ne (get $url "host" | splitList ":" | first) (include "roster.host" .) -}}
    {{- fail (printf "publicUrl: must be of the host %q, or links lead elsewhere; it is %q." (include "roster.host" .) .Values.publicUrl) -}}
  {{- end -}}
  {{- if and .Values.tls.enabled (ne (get $url "scheme") "https") -}}
    {{- fail (printf "publicUrl: must be https:// where tls.enabled is true; it is %q." .Values.publicUrl) -}}
  {{- end -}}
{{- end -}}
{{- if and .Values.gateway.enabled (not .Values.gateway.parentRefs) (not .Values.gateway.className) -}}
  {{- fail "gateway: name parentRefs that are there, or the className of the Gateway to make." -}}
{{- end -}}

{{- if .Values.allowList -}}
  {{- if and .Values.gateway.enabled (ne .Values.gateway.flavour "envoy") -}}
    {{- fail "allowList: the Gateway API has none of its own. Set gateway.flavour to envoy, or leave the list to the gateway." -}}
  {{- end -}}
  {{- if and .Values.ingress.enabled (eq .Values.ingress.flavour "none") -}}
    {{- fail "allowList: ingress.flavour none has no words for it. Say it in ingress.annotations." -}}
  {{- end -}}
  {{- if and (ne .Values.service.type "ClusterIP") (ne .Values.service.externalTrafficPolicy "Local") -}}
    {{- fail "allowList: service.externalTrafficPolicy must be Local, or pods see the node's address in place of the client's." -}}
  {{- end -}}
  {{- if not $outside -}}
    {{- fail "allowList: there is no way from outside. Set ingress.enabled, gateway.enabled or service.type." -}}
  {{- end -}}
{{- end -}}

{{- if and .Values.networkPolicy.enabled (ne .Values.service.type "ClusterIP") (not .Values.allowList) (not (regexMatch `"ipBlock":` (toJson .Values.networkPolicy.clients))) -}}
  {{- fail (printf "service.type %s: say who may come that way, in allowList or by an ipBlock in networkPolicy.clients. 0.0.0.0/0 is everyone, pods of other namespaces included." .Values.service.type) -}}
{{- end -}}

{{- if and .Values.secret.external.enabled (or (not .Values.secret.external.storeRef.name) (not .Values.secret.external.keys)) -}}
  {{- fail "secret.external: needs storeRef.name and keys." -}}
{{- end -}}
{{- if and .Values.secret.external.enabled .Values.secret.existing -}}
  {{- fail "secret: existing is there already, or external is made: one of them." -}}
{{- end -}}

{{- $beside := include "roster.memoryBesideMiB" . | int -}}
{{- $need := add .Values.settings.imageMemoryMiB .Values.settings.cacheMiB $beside | int -}}
{{- range $part := include "roster.deployments" . | fromJsonArray -}}
  {{- with index $.Values $part -}}
    {{- $limit := dig "limits" "memory" "" .resources -}}
    {{- if and $limit (lt (include "roster.mebibytes" $limit | int) $need) -}}
      {{- fail (printf "%s.resources.limits.memory: must be %dMi or more: settings.imageMemoryMiB, settings.cacheMiB and %d beside both; it is %v." $part $need $beside $limit) -}}
    {{- end -}}
    {{- if and .autoscaling.enabled (gt (int .autoscaling.minReplicas) (int .autoscaling.maxReplicas)) -}}
      {{- fail (printf "%s.autoscaling: minReplicas is %d and maxReplicas %d." $part (int .autoscaling.minReplicas) (int .autoscaling.maxReplicas)) -}}
    {{- end -}}
    {{- if and .autoscaling.enabled (not (dig "requests" "cpu" "" .resources)) -}}
      {{- fail (printf "%s.resources.requests.cpu: is required with autoscaling, which is by a percentage of it." $part) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end }}
