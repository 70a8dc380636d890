{{/* Refuses values of a database that would not work, or lose what the chart promises. */}}
{{- define "roster.refusals.postgres" -}}
{{- $postgres := .Values.postgres -}}
{{- if eq $postgres.mode "external" -}}
  {{- with $postgres.external -}}
    {{- if not .secret -}}
      {{- fail "postgres.external.secret: is required: set it to an existing Secret, whose key postgres.external.urlKey has the URL postgres://USER@HOST/DATABASE." -}}
    {{- end -}}
    {{- if and .ca.configMap .ca.secret -}}
      {{- fail "postgres.external.ca: set only one of configMap and secret." -}}
    {{- end -}}
    {{- if and $.Values.networkPolicy.enabled (not $.Values.networkPolicy.database) -}}
      {{- fail "networkPolicy.database: is required with postgres.mode external: network policies match addresses, not names, and the URL is in a Secret. Set where the database is, such as `- ipBlock: { cidr: 10.0.0.7/32 }`." -}}
    {{- end -}}
  {{- end -}}
{{- else -}}
  {{- $value := eq $postgres.mode "bundled" | ternary "postgres.bundled" "postgres.cloudNativePG" -}}
  {{- $values := eq $postgres.mode "bundled" | ternary $postgres.bundled $postgres.cloudNativePG -}}
  {{- $pods := dict -}}
  {{- range $part := list "api" "worker" -}}
    {{- with index $.Values $part -}}
      {{- $_ := set $pods $part (int (.autoscaling.enabled | ternary .autoscaling.maxReplicas .replicas)) -}}
    {{- end -}}
  {{- end -}}
  {{- /* A roll-out adds a quarter of the API's pods, and one worker; the rest is for backups, a sweep and an operator. */ -}}
  {{- $need := add (mul 10 (add $pods.api (div (add $pods.api 3) 4))) (mul 11 (add $pods.worker 1)) 15 | int -}}
  {{- if lt (int $values.maxConnections) $need -}}
    {{- fail (printf "%s.maxConnections: must be at least %d: 10 for each pod of the API and 11 for each worker during a roll-out, and 15 for backups and operators; it is %d." $value $need (int $values.maxConnections)) -}}
  {{- end -}}
{{- end -}}

{{- if eq $postgres.mode "bundled" -}}
  {{- with $postgres.bundled -}}
    {{- $limit := dig "limits" "memory" "" .resources -}}
    {{- /* Some 3 MiB for each connection, and 192 for everything else. */ -}}
    {{- $need := add .sharedBuffersMiB (mul 3 .maxConnections) 192 | int -}}
    {{- if and $limit (lt (include "roster.mebibytes" $limit | int) $need) -}}
      {{- fail (printf "postgres.bundled.resources.limits.memory: must be at least %dMi, the sum of sharedBuffersMiB, 3 for each of maxConnections, and 192 for everything else; it is %v." $need $limit) -}}
    {{- end -}}
    {{- $own := list "listen_addresses" "port" "unix_socket_directories" "data_directory" "config_file" "hba_file" "ident_file" "external_pid_file" "ssl" "ssl_cert_file" "ssl_key_file" "ssl_min_protocol_version" "max_connections" "shared_buffers" "log_error_verbosity" -}}
    {{- $durable := list "fsync" "full_page_writes" "synchronous_commit" "ignore_checksum_failure" "zero_damaged_pages" -}}
    {{- range $name, $_ := .settings -}}
      {{- if has (lower $name) $own -}}
        {{- fail (printf "postgres.bundled.settings: %s is set by the chart. Remove it, or set its value: maxConnections, sharedBuffersMiB." $name) -}}
      {{- end -}}
      {{- if has (lower $name) $durable -}}
        {{- fail (printf "postgres.bundled.settings: %s could lose acknowledged writes or hide damaged ones. Remove it." $name) -}}
      {{- end -}}
    {{- end -}}
    {{- if and .tls.existingSecret .tls.issuerRef -}}
      {{- fail "postgres.bundled.tls: set only one of existingSecret and issuerRef." -}}
    {{- end -}}
    {{- if and .tls.issuerRef (not .tls.issuerRef.name) -}}
      {{- fail "postgres.bundled.tls.issuerRef: requires name." -}}
    {{- end -}}
    {{- range $value, $values := dict "postgres.bundled" . "postgres.bundled.backup" .backup -}}
      {{- if hasKey ($values.claimAnnotations | default dict) "helm.sh/resource-policy" -}}
        {{- fail (printf "%s.claimAnnotations: helm.sh/resource-policy is always keep: users and images outlive the release. Delete the claim yourself once they are not needed." $value) -}}
      {{- end -}}
      {{- if and $values.existingClaim (or $values.claimAnnotations $values.storageClass) -}}
        {{- fail (printf "%s.existingClaim: storageClass and claimAnnotations are for the chart's own claim. Set them on yours." $value) -}}
      {{- end -}}
    {{- end -}}
    {{- if and .backup.enabled .existingClaim (eq .existingClaim .backup.existingClaim) -}}
      {{- fail "postgres.bundled.backup.existingClaim: is the volume of the database, and a backup must not be lost with it. Use another." -}}
    {{- end -}}
  {{- end -}}
{{- end -}}

{{- if eq $postgres.mode "cloudnative-pg" -}}
  {{- with $postgres.cloudNativePG -}}
    {{- if eq (int .instances) 2 -}}
      {{- fail "postgres.cloudNativePG.instances: with 2 each write waits for the only standby, so the loss of either stops writes. Use 3, or 1." -}}
    {{- end -}}
    {{- if and .backupSchedule (not .backup) -}}
      {{- fail "postgres.cloudNativePG.backupSchedule: requires postgres.cloudNativePG.backup, where backups go." -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end }}
