output "public_url" {
  description = "URL of the functions; null without functions."
  value       = try(module.functions["api"].public_url, null)
}

output "api_domain" {
  description = "Host name and hosted zone behind the functions' own domain, for its DNS record; null without one."
  value       = try(module.functions["api"].domain_target, null)
}

output "delivery" {
  description = "The distribution: base of the pictures' URLs, CloudFront's host name for the DNS record of a custom domain, and its id; null without one."
  value       = one(values(module.delivery))
}

output "settings" {
  description = "The settings of Roster, for pods."
  value       = local.settings
}

output "pod_role_arns" {
  description = "ARNs of the roles of the service accounts of API, worker and operator."
  value       = { for name, identity in module.identity : name => identity.role_arn }
}

output "pod_service_accounts" {
  description = "Their service accounts, as NAMESPACE/NAME: those of the chart's `serviceAccount.name`."
  value       = { for name, identity in module.identity : name => identity.service_account }
}

output "function_role_arns" {
  description = "ARNs of the functions' roles."
  value       = try(module.functions["api"].role_arns, {})
}

output "function_settings" {
  description = "The settings of each function."
  value       = try(module.functions["api"].environments, {})
}

output "deployments" {
  description = "For each function, the parameters of a deployment of its newest version (`just deploy`)."
  value       = try(module.functions["api"].deployments, {})
}

output "certificate_arns" {
  description = "ARNs of the certificates that this stack created: of `functions`, `pods` and `pictures`."
  value = merge(
    { for part, domain in local.domains_without_certificate : part => module.certificate[domain.name].arn },
    { for part, certificate in module.cloudfront_certificate : part => certificate.arn },
  )
}
