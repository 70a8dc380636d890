{{/* Addresses of metadata services, which serve the credentials of a node: of AWS, Google and Azure by IPv4 (Azure's wire server is the second),
     of AWS and of Google by IPv6. As a JSON list. */}}
{{- define "roster.metadata" -}}
{{ list "169.254.0.0/16" "168.63.129.16/32" "fd00:ec2::/32" "fd20:ce::/32" | toJson }}
{{- end }}

{{/* The first 32 bits of an address, as a number: enough to compare it with those above. */}}
{{- define "roster.head" -}}
{{- $head := 0 -}}
{{- if contains ":" . -}}
  {{- $groups := splitList "::" . | first | splitList ":" | compact -}}
  {{- range slice (concat $groups (list "0" "0")) 0 2 -}}
    {{- $head = add (mul $head 65536) (printf "0x%s" . | int64) -}}
  {{- end -}}
{{- else -}}
  {{- range splitList "." . -}}
    {{- $head = add (mul $head 256) (int64 .) -}}
  {{- end -}}
{{- end -}}
{{ $head }}
{{- end }}

{{/* Whether two address ranges overlap: (list "10.0.0.0/8" "169.254.0.0/16"). The second has a prefix of at most 32 bits. */}}
{{- define "roster.overlap" -}}
{{- $one := splitList "/" (index . 0) -}}
{{- $other := splitList "/" (index . 1) -}}
{{- $size := 1 -}}
{{- range until (sub 32 (min (last $one) (last $other)) | int) -}}
  {{- $size = mul $size 2 -}}
{{- end -}}
{{- $heads := list -}}
{{- range list $one $other -}}
  {{- $heads = append $heads (div (include "roster.head" (first .)) $size) -}}
{{- end -}}
{{ and (eq (contains ":" (first $one)) (contains ":" (first $other))) (eq (first $heads) (last $heads)) }}
{{- end }}

{{/* Peers of an egress rule, excluding the metadata services, as a JSON list: (list "networkPolicy.https" PEERS). */}}
{{- define "roster.egressPeers" -}}
{{- $value := index . 0 -}}
{{- $peers := list -}}
{{- range $peer := index . 1 -}}
  {{- with $peer.ipBlock -}}
    {{- $cidr := .cidr -}}
    {{- $except := .except | default list -}}
    {{- range $metadata := include "roster.metadata" "" | fromJsonArray -}}
      {{- if eq (include "roster.overlap" (list $cidr $metadata)) "true" -}}
        {{- if ge (splitList "/" $cidr | last | int) (splitList "/" $metadata | last | int) -}}
          {{- fail (printf "%s: %s is within %s, where the metadata service of a cloud serves credentials. Use other addresses, or allow it with networkPolicy.extraEgress." $value $cidr $metadata) -}}
        {{- end -}}
        {{- $except = append $except $metadata | uniq -}}
      {{- end -}}
    {{- end -}}
    {{- $block := dict "cidr" $cidr -}}
    {{- if $except -}}
      {{- $_ := set $block "except" $except -}}
    {{- end -}}
    {{- $peers = append $peers (dict "ipBlock" $block) -}}
  {{- else -}}
    {{- $peers = append $peers $peer -}}
  {{- end -}}
{{- end -}}
{{ toJson $peers }}
{{- end }}

{{/* The port of a URL. */}}
{{- define "roster.port" -}}
{{- $url := urlParse . -}}
{{ regexFind ":[0-9]+$" (get $url "host") | trimPrefix ":" | default (ternary "443" "80" (eq (get $url "scheme") "https")) }}
{{- end }}

{{/* Peers for the URL of a setting, as a JSON list, empty for the pod itself: (list $ "aws.endpointUrl" URL "awsEndpoint"). The last is the
     value under networkPolicy that overrides them. Policies match addresses, not names: a Service is allowed by its namespace, any other
     name must be set there. */}}
{{- define "roster.endpointPeers" -}}
{{- $root := index . 0 -}}
{{- $setting := index . 1 -}}
{{- $url := urlParse (index . 2) -}}
{{- $value := printf "networkPolicy.%s" (index . 3) -}}
{{- $host := get $url "hostname" | lower -}}
{{- $labels := splitList "." $host -}}
{{- $peers := index $root.Values.networkPolicy (index . 3) -}}
{{- if $peers -}}
{{- else if or (eq $host "localhost") (hasPrefix "127." $host) (eq $host "::1") -}}
{{- else if contains ":" $host -}}
  {{- $peers = list (dict "ipBlock" (dict "cidr" (printf "%s/128" $host))) -}}
  {{- $value = $setting -}}
{{- else if regexMatch "^[0-9.]+$" $host -}}
  {{- $peers = list (dict "ipBlock" (dict "cidr" (printf "%s/32" $host))) -}}
  {{- $value = $setting -}}
{{- else if or (le (len $labels) 2) (eq (index $labels 2) "svc") -}}
  {{- $namespace := rest $labels | first | default $root.Release.Namespace -}}
  {{- $peers = list (dict "namespaceSelector" (dict "matchLabels" (dict "kubernetes.io/metadata.name" $namespace))) -}}
{{- else if eq (include "roster.port" (index . 2)) "443" -}}
  {{- $peers = $root.Values.networkPolicy.https -}}
  {{- $value = "networkPolicy.https" -}}
{{- else -}}
  {{- fail (printf "%s: is required unless %s is a Service of the cluster: network policies match addresses, not names. Set the addresses of %s, such as `- ipBlock: { cidr: 203.0.113.7/32 }`." $value $setting $host) -}}
{{- end -}}
{{ include "roster.egressPeers" (list $value $peers) }}
{{- end }}

{{/* The ports of DNS, by UDP and TCP. */}}
{{- define "roster.dnsPorts" -}}
{{- $ports := list -}}
{{- range .Values.networkPolicy.dnsPorts | default (list 53) -}}
{{- $ports = append $ports (printf "{ port: %v, protocol: UDP }, { port: %v, protocol: TCP }" . .) -}}
{{- end }} [{{ join ", " $ports }}]
{{- end }}
