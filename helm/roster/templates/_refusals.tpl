{{/* Refuses combinations of values; values.schema.json refuses single values. */}}
{{- define "roster.refusals" -}}
{{- $outside := or .Values.ingress.enabled .Values.gateway.enabled (eq .Values.service.type "LoadBalancer") (eq .Values.service.type "NodePort") -}}

{{- if eq .Values.store "sqlite" -}}
  {{- if or (gt (int .Values.api.replicas) 1) .Values.api.autoscaling.enabled -}}
    {{- fail "store sqlite: only one pod may open the file. Set api.replicas to 1 and api.autoscaling.enabled to false, or store to aws or postgres." -}}
  {{- end -}}
  {{- if .Values.sweep.enabled -}}
    {{- fail "sweep.enabled: requires store aws or postgres. With store sqlite run `/roster sweep` in the API's pod with `kubectl exec`." -}}
  {{- end -}}
{{- else if eq .Values.store "aws" -}}
  {{- range $name := list "region" "usersTable" "avatarsBucket" "eventsQueueUrl" "deadLettersUrl" -}}
    {{- if not (index $.Values.aws $name) -}}
      {{- fail (printf "aws.%s: is required with store aws: see `just tf ENVIRONMENT service output settings`." $name) -}}
    {{- end -}}
  {{- end -}}
  {{- if has .Values.aws.identity (list "irsa" "token") -}}
    {{- range $part := include "roster.accounts" . | fromJsonArray -}}
      {{- $annotated := or (eq $.Values.aws.identity "token") (include "roster.own" (list $ $part) | fromJson).serviceAccount.create -}}
      {{- if and $annotated (not (index $.Values.aws.roleArns $part)) -}}
        {{- fail (printf "aws.roleArns.%s: is required with aws.identity %s: see `just tf ENVIRONMENT service output pod_role_arns`." $part $.Values.aws.identity) -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}

{{- if ne .Values.store "sqlite" -}}
  {{- if not .Values.environment -}}
    {{- fail (printf "environment: is required with store %s: set it to the environment of the %s." .Values.store (eq .Values.store "aws" | ternary "table" "database")) -}}
  {{- end -}}
  {{- if not .Values.publicUrl -}}
    {{- fail (printf "publicUrl: is required with store %s: set it to the URL by which clients reach the API." .Values.store) -}}
  {{- end -}}
{{- end -}}

{{- if and (eq .Values.auth.mode "oidc") (or (not .Values.auth.issuer) (not .Values.auth.audience)) -}}
  {{- fail "auth.mode: oidc requires auth.issuer and auth.audience." -}}
{{- end -}}
{{- if and (eq .Values.auth.mode "oidc") (not (hasPrefix "https://" .Values.auth.issuer)) -}}
  {{- fail "auth.issuer: must be an https:// URL: over plain HTTP its keys could be replaced in transit." -}}
{{- end -}}
{{- if and $outside (eq .Values.auth.mode "off") (not .Values.auth.offIsPublic) -}}
  {{- fail "auth.mode: off gives access to everyone who reaches the API, which is exposed outside the cluster. Set it to oidc, or auth.offIsPublic to true to allow that." -}}
{{- end -}}

{{- if and .Values.ingress.enabled .Values.gateway.enabled -}}
  {{- fail "ingress.enabled, gateway.enabled: enable only one; each has its own host." -}}
{{- end -}}
{{- if or .Values.ingress.enabled .Values.gateway.enabled -}}
  {{- if not (include "roster.host" .) -}}
    {{- fail (printf "%s.host: is required: set it to the host name by which clients reach the API." (ternary "ingress" "gateway" .Values.ingress.enabled)) -}}
  {{- end -}}
  {{- $url := urlParse .Values.publicUrl -}}
  {{- if ne (get $url "host" | splitList ":" | first) (include "roster.host" .) -}}
    {{- fail (printf "publicUrl: must have the host %q of the Ingress or Gateway, since the API's links begin with it; it is %q." (include "roster.host" .) .Values.publicUrl) -}}
  {{- end -}}
  {{- if and .Values.tls.enabled (ne (get $url "scheme") "https") -}}
    {{- fail (printf "publicUrl: must be an https:// URL, since tls.enabled is true; it is %q." .Values.publicUrl) -}}
  {{- end -}}
{{- end -}}
{{- if and .Values.gateway.enabled (not .Values.gateway.parentRefs) (not .Values.gateway.className) -}}
  {{- fail "gateway: set parentRefs to an existing Gateway, or className to create one." -}}
{{- end -}}

{{- if .Values.allowList -}}
  {{- if and .Values.gateway.enabled (ne .Values.gateway.flavour "envoy") -}}
    {{- fail "allowList: the Gateway API does not support it. Set gateway.flavour to envoy, or configure allowed addresses on the Gateway." -}}
  {{- end -}}
  {{- if and .Values.ingress.enabled (eq .Values.ingress.flavour "none") -}}
    {{- fail "allowList: ingress.flavour none does not support it. Set the allowed addresses in ingress.annotations." -}}
  {{- end -}}
  {{- if and (ne .Values.service.type "ClusterIP") (ne .Values.service.externalTrafficPolicy "Local") -}}
    {{- fail "allowList: service.externalTrafficPolicy must be Local, or pods see the address of the node instead of the client's." -}}
  {{- end -}}
  {{- if not $outside -}}
    {{- fail "allowList: the API is not exposed outside the cluster. Set ingress.enabled, gateway.enabled or service.type." -}}
  {{- end -}}
{{- end -}}

{{- if and .Values.networkPolicy.enabled (ne .Values.service.type "ClusterIP") (not .Values.allowList) (not (regexMatch `"ipBlock":` (toJson .Values.networkPolicy.clients))) -}}
  {{- fail (printf "service.type %s: set the allowed client addresses, in allowList or as an ipBlock in networkPolicy.clients. 0.0.0.0/0 allows everyone, including pods of other namespaces." .Values.service.type) -}}
{{- end -}}

{{- if and .Values.secret.external.enabled (or (not .Values.secret.external.storeRef.name) (not .Values.secret.external.keys)) -}}
  {{- fail "secret.external: requires storeRef.name and keys." -}}
{{- end -}}
{{- if and .Values.secret.external.enabled .Values.secret.existing -}}
  {{- fail "secret: set only one of existing and external.enabled." -}}
{{- end -}}

{{- include "roster.refusals.pods" . -}}
{{- include "roster.refusals.network" . -}}
{{- if eq .Values.store "postgres" -}}
  {{- include "roster.refusals.postgres" . -}}
{{- end -}}

{{- $overhead := include "roster.memoryOverheadMiB" . | int -}}
{{- $need := add .Values.settings.imageMemoryMiB .Values.settings.cacheMiB $overhead | int -}}
{{- range $part := include "roster.deployments" . | fromJsonArray -}}
  {{- with index $.Values $part -}}
    {{- $limit := dig "limits" "memory" "" .resources -}}
    {{- if and $limit (lt (include "roster.mebibytes" $limit | int) $need) -}}
      {{- fail (printf "%s.resources.limits.memory: must be at least %dMi, the sum of settings.imageMemoryMiB, settings.cacheMiB and %d for everything else; it is %v." $part $need $overhead $limit) -}}
    {{- end -}}
    {{- if and .autoscaling.enabled (gt (int .autoscaling.minReplicas) (int .autoscaling.maxReplicas)) -}}
      {{- fail (printf "%s.autoscaling: minReplicas (%d) must not exceed maxReplicas (%d)." $part (int .autoscaling.minReplicas) (int .autoscaling.maxReplicas)) -}}
    {{- end -}}
    {{- if and .autoscaling.enabled (not (dig "requests" "cpu" "" .resources)) -}}
      {{- fail (printf "%s.resources.requests.cpu: is required with autoscaling, whose target is a percentage of it." $part) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}

{{- with .Values.cache -}}
  {{- $limit := dig "limits" "memory" "" .resources -}}
  {{- $overhead := include "roster.cacheOverheadMiB" $ | int -}}
  {{- $need := add .sizeMiB (div .sizeMiB 4) $overhead | int -}}
  {{- if and .enabled $limit (lt (include "roster.mebibytes" $limit | int) $need) -}}
    {{- fail (printf "cache.resources.limits.memory: must be at least %dMi, cache.sizeMiB with a quarter for its index and %d for threads and everything else; it is %v." $need $overhead $limit) -}}
  {{- end -}}
  {{- if and .enabled .exporter.enabled (not .exporter.image.repository) -}}
    {{- fail "cache.exporter.image.repository: is required with cache.exporter.enabled. No registry has an image of it: build one with `just cache-exporter`, push it, and name it here." -}}
  {{- end -}}
{{- end -}}
{{- end }}
