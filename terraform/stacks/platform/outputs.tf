# Values for the other stacks, in one place that they can read without access to this state.

locals {
  published = {
    environment          = var.environment
    cluster_name         = module.cluster.name
    oidc_provider        = module.cluster.oidc_provider
    registry_url         = module.registry.url
    controller_role_arns = module.cluster.controller_role_arns
  }
}

resource "aws_ssm_parameter" "published" {
  name  = "/roster/${var.environment}/platform"
  type  = "String"
  value = jsonencode(local.published)
}

output "published" {
  description = "Values that the other stacks read from the parameter `/roster/ENVIRONMENT/platform`."
  value       = local.published
}

output "nat_addresses" {
  description = "Source addresses of requests from the cluster, for allow-lists of others."
  value       = module.network.nat_addresses
}
