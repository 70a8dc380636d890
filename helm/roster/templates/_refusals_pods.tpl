{{/* Refuses values that would silently take back what pods, accounts and claims promise. */}}
{{- define "roster.refusals.pods" -}}
{{- $sets := dict "commonLabels" .Values.commonLabels "service.labels" .Values.service.labels "ingress.labels" .Values.ingress.labels "gateway.labels" .Values.gateway.labels "sqlite.labels" .Values.sqlite.labels "serviceMonitor.labels" .Values.serviceMonitor.labels "prometheusRule.labels" .Values.prometheusRule.labels -}}
{{- $parts := dict "postgres.bundled" .Values.postgres.bundled -}}
{{- range $part := list "api" "worker" "sweep" "cache" -}}
  {{- $_ := set $parts $part (index $.Values $part) -}}
{{- end -}}
{{- range $part, $values := $parts -}}
  {{- $_ := set $sets (printf "%s.labels" $part) $values.labels -}}
  {{- $_ := set $sets (printf "%s.podLabels" $part) $values.podLabels -}}
{{- end -}}
{{- $own := list "roster/metrics" "helm.sh/chart" "app.kubernetes.io/version" "app.kubernetes.io/managed-by" "app.kubernetes.io/part-of" "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component" -}}
{{- range $value, $labels := $sets -}}
  {{- range $label, $_ := $labels -}}
    {{- if has $label $own -}}
      {{- fail (printf "%s: %s is a label of the chart, which sets it. Use another." $value $label) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}

{{- range $part, $values := $parts -}}
  {{- range $annotation, $_ := $values.podAnnotations -}}
    {{- if hasPrefix "container.apparmor.security.beta.kubernetes.io/" $annotation -}}
      {{- fail (printf "%s.podAnnotations: %s would replace the AppArmor profile of a container. Remove it." $part $annotation) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}

{{- $settings := concat (include "roster.settings" . | fromYaml | keys) (list "ROSTER_DRAIN" "ROSTER_STORAGE_PASSWORD_FILE") -}}
{{- range .Values.extraEnv -}}
  {{- if and (hasPrefix "ROSTER_" .name) (has .name $settings) -}}
    {{- fail (printf "extraEnv: %s is set by a value of the chart, whose checks this would bypass. Set that value." .name) -}}
  {{- end -}}
{{- end -}}
{{- $settings = concat $settings (list "ROSTER_ENVIRONMENT" "ROSTER_CONFIG_ENVIRONMENT" "ROSTER_STORAGE" "ROSTER_LISTEN" "ROSTER_MANAGEMENT_LISTEN") -}}
{{- range $key, $_ := .Values.secret.external.keys -}}
  {{- if and (hasPrefix "ROSTER_" $key) (has $key $settings) -}}
    {{- fail (printf "secret.external.keys: %s is set by a value of the chart, whose checks this would bypass. Set that value." $key) -}}
  {{- end -}}
{{- end -}}
{{- $variables := list "OTEL_SERVICE_NAME" "POD_NAME" "OTEL_RESOURCE_ATTRIBUTES" -}}
{{- if eq (include "roster.mountsToken" .) "true" -}}
  {{- $variables = concat $variables (list "AWS_ROLE_ARN" "AWS_WEB_IDENTITY_TOKEN_FILE") -}}
{{- end -}}
{{- range .Values.extraEnv -}}
  {{- if has .name $variables -}}
    {{- fail (printf "extraEnv: %s is set already, by the chart or by another entry. Remove it." .name) -}}
  {{- end -}}
  {{- $variables = append $variables .name -}}
{{- end -}}

{{- $accounts := dict -}}
{{- $irsa := and (eq .Values.store "aws") (eq .Values.aws.identity "irsa") -}}
{{- range $part := concat (include "roster.accounts" . | fromJsonArray) (ternary (list "cache") list .Values.cache.enabled) -}}
  {{- $value := replace "operator" "sweep" $part -}}
  {{- $values := index $.Values $value -}}
  {{- $name := include "roster.account" (list $ $part) -}}
  {{- if not $values.serviceAccount.create -}}
    {{- if not $values.serviceAccount.name -}}
      {{- fail (printf "%s.serviceAccount.name: is required if create is false: set it to an existing service account." $value) -}}
    {{- end -}}
    {{- if $values.serviceAccountAnnotations -}}
      {{- fail (printf "%s.serviceAccountAnnotations: have no effect if %s.serviceAccount.create is false. Annotate the service account %s itself." $value $value $name) -}}
    {{- end -}}
    {{- if and $irsa (index $.Values.aws.roleArns $part) -}}
      {{- fail (printf "aws.roleArns.%s: has no effect with aws.identity irsa if %s.serviceAccount.create is false. Annotate the service account %s with eks.amazonaws.com/role-arn, and leave this empty." $part $value $name) -}}
    {{- end -}}
  {{- end -}}
  {{- if and $irsa (hasKey $.Values.aws.roleArns $part) (hasKey ($values.serviceAccountAnnotations | default dict) "eks.amazonaws.com/role-arn") -}}
    {{- fail (printf "%s.serviceAccountAnnotations: eks.amazonaws.com/role-arn is set by aws.roleArns.%s. Set the role there." $value $part) -}}
  {{- end -}}
  {{- with get $accounts $name -}}
    {{- fail (printf "%s.serviceAccount.name: %s is that of %s already. Each part needs an account of its own, since a role is given to an account." $value $name .) -}}
  {{- end -}}
  {{- $_ := set $accounts $name $value -}}
{{- end -}}

{{- $volumes := list "data" "sts-token" "database" -}}
{{- range .Values.extraVolumes -}}
  {{- if has .name $volumes -}}
    {{- fail (printf "extraVolumes: the name %s is taken. Use another." .name) -}}
  {{- end -}}
  {{- $volumes = append $volumes .name -}}
  {{- range dig "projected" "sources" list . -}}
    {{- if hasPrefix "https://kubernetes.default.svc" (dig "serviceAccountToken" "audience" "" .) -}}
      {{- fail "extraVolumes: a token of this audience is one for the API server, which no pod of the chart calls. Set the audience of the service that reads it." -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- range $mount := .Values.extraVolumeMounts -}}
  {{- if not (has .name (slice $volumes 3)) -}}
    {{- fail (printf "extraVolumeMounts: %s is not in extraVolumes." .name) -}}
  {{- end -}}
  {{- range list "/data" "/roster" "/var/run/secrets/sts.amazonaws.com" "/var/run/secrets/eks.amazonaws.com" "/var/run/secrets/pods.eks.amazonaws.com" (include "roster.postgres.folder" $) -}}
    {{- if or (eq (clean $mount.mountPath) .) (hasPrefix (printf "%s/" .) (clean $mount.mountPath)) (hasPrefix (printf "%s/" (clean $mount.mountPath | trimSuffix "/")) .) -}}
      {{- fail (printf "extraVolumeMounts: %s would hide %s, where Roster has its users, its program or its credentials. Use another path, such as /etc/roster." $mount.mountPath .) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}

{{- range $part := list "api" "worker" -}}
  {{- $names := list $part -}}
  {{- $values := index $.Values $part -}}
  {{- range concat ($values.initContainers | default list) ($values.extraContainers | default list) -}}
    {{- if has .name $names -}}
      {{- fail (printf "%s: the container name %s is taken. Use another." $part .name) -}}
    {{- end -}}
    {{- $names = append $names .name -}}
    {{- $beside := or (has . ($values.extraContainers | default list)) (eq (toString .restartPolicy) "Always") -}}
    {{- if and $values.autoscaling.enabled $beside (not (dig "resources" "requests" "cpu" "" .)) -}}
      {{- fail (printf "%s: container %s requires resources.requests.cpu with autoscaling, whose target is a percentage of the request of all containers." $part .name) -}}
    {{- end -}}
    {{- $context := .securityContext | default dict -}}
    {{- $capabilities := $context.capabilities | default dict -}}
    {{- $weaker := or $context.privileged $context.allowPrivilegeEscalation $context.procMount (eq (toString $context.runAsNonRoot) "false") (eq (toString $context.runAsUser) "0") -}}
    {{- $weaker = or $weaker (without ($capabilities.add | default list) "NET_BIND_SERVICE") (not (has "ALL" ($capabilities.drop | default (list "ALL")))) (eq (dig "seccompProfile" "type" "" $context) "Unconfined") -}}
    {{- $selinux := $context.seLinuxOptions | default dict -}}
    {{- $weaker = or $weaker $context.windowsOptions (eq (dig "appArmorProfile" "type" "" $context) "Unconfined") $selinux.user $selinux.role (not (has ($selinux.type | default "") (list "" "container_t" "container_init_t" "container_kvm_t" "container_engine_t"))) -}}
    {{- if $weaker -}}
      {{- fail (printf "%s: the securityContext of container %s is weaker than Pod Security's restricted, which all pods of the chart satisfy: no root, no privileges, no capability but NET_BIND_SERVICE, only the allowed profiles of seccomp, AppArmor and SELinux." $part .name) -}}
    {{- end -}}
    {{- range .ports -}}
      {{- if .hostPort -}}
        {{- fail (printf "%s: hostPort %v of a container is open on the node, where network policies do not protect it. Remove it." $part .hostPort) -}}
      {{- end -}}
      {{- if has .name (list "http" "management") -}}
        {{- fail (printf "%s: the port name %s of a container is one of Roster's, which network policies open. Use another." $part .name) -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}

{{- if and (eq .Values.dnsPolicy "None") (not (.Values.dnsConfig | default dict).nameservers) -}}
  {{- fail "dnsPolicy: None requires dnsConfig.nameservers." -}}
{{- end -}}

{{- $grace := include "roster.graceSeconds" . | int -}}
{{- $need := add 30 (include "roster.drainSeconds" .) | int -}}
{{- if lt $grace $need -}}
  {{- fail (printf "api.terminationGracePeriodSeconds: must be at least %d, the sum of api.drain, 25 s for requests in flight and 5 s for the last spans; it is %d." $need $grace) -}}
{{- end -}}

{{- if .Values.cache.enabled -}}
  {{- $grace = include "roster.cacheGraceSeconds" . | int -}}
  {{- $need = add 10 (include "roster.drainSeconds" .) | int -}}
  {{- if lt $grace $need -}}
    {{- fail (printf "cache.terminationGracePeriodSeconds: must be at least %d, the sum of api.drain, 5 s for requests in flight and 5 s to end; it is %d." $need $grace) -}}
  {{- end -}}
  {{- if and .Values.cache.minAvailable .Values.cache.maxUnavailable -}}
    {{- fail "cache.minAvailable: has no effect with cache.maxUnavailable. Set that to \"\"." -}}
  {{- end -}}
{{- end -}}

{{- if hasKey (.Values.sqlite.annotations | default dict) "helm.sh/resource-policy" -}}
  {{- fail "sqlite.annotations: helm.sh/resource-policy is always keep: users and images outlive the release. Delete the claim yourself once they are not needed." -}}
{{- end -}}
{{- with .Values.sqlite.dataSource -}}
  {{- if or (not .kind) (not .name) -}}
    {{- fail "sqlite.dataSource: requires kind and name." -}}
  {{- end -}}
{{- end -}}
{{- if and .Values.sqlite.existingClaim (or .Values.sqlite.dataSource .Values.sqlite.annotations .Values.sqlite.labels (ne .Values.sqlite.accessMode "ReadWriteOnce")) -}}
  {{- fail "sqlite.existingClaim: dataSource, accessMode, annotations and labels are for the chart's own claim. Set them on yours." -}}
{{- end -}}

{{- $host := "^([^/]*[.:][^/]*|localhost)/" -}}
{{- $mirror := .Values.global.imageRegistry | default .Values.image.registry -}}
{{- if and $mirror (regexMatch $host .Values.image.repository) -}}
  {{- fail (printf "image.repository: %s has a registry of its own, but the registry is %s. Leave it out of the repository." .Values.image.repository $mirror) -}}
{{- end -}}
{{- $images := dict "cache.image" .Values.cache.image "cache.exporter.image" .Values.cache.exporter.image -}}
{{- if and (eq .Values.store "postgres") (eq .Values.postgres.mode "bundled") -}}
  {{- $_ := set $images "postgres.bundled.image" .Values.postgres.bundled.image -}}
{{- else if and (eq .Values.store "postgres") (eq .Values.postgres.mode "cloudnative-pg") -}}
  {{- $_ := set $images "postgres.cloudNativePG.image" .Values.postgres.cloudNativePG.image -}}
{{- end -}}
{{- range $value, $image := $images -}}
  {{- if and $.Values.global.imageRegistry (regexMatch $host $image.repository) -}}
    {{- fail (printf "%s.repository: %s has a registry of its own, but global.imageRegistry is %s. Leave it out of the repository." $value $image.repository $.Values.global.imageRegistry) -}}
  {{- end -}}
{{- end -}}
{{- if and .Values.global.imageRegistry (regexMatch $host .Values.test.image) -}}
  {{- fail (printf "test.image: %s has a registry of its own, but global.imageRegistry is %s. Leave it out of the image." .Values.test.image .Values.global.imageRegistry) -}}
{{- end -}}
{{- end }}

{{/* The parts that have a service account, as a JSON list. */}}
{{- define "roster.accounts" -}}
{{ concat (include "roster.deployments" . | fromJsonArray) (ternary (list "operator") list .Values.sweep.enabled) | toJson }}
{{- end }}
