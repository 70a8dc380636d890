# Values for the other stacks, in one place that they can read without access to this state.

locals {
  published = {
    environment          = var.environment
    cluster_name         = module.cluster.name
    region               = var.region
    vpc_id               = local.network.vpc_id
    load_balancer_cidrs  = local.network.public_subnet_cidrs
    image_platform       = "linux/${module.cluster.node_architecture}"
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
  value       = flatten(values(module.network)[*].nat_addresses)
}

output "cluster" {
  description = "The cluster: its name, ARN, version, endpoint, and the names of its node groups by zone."
  value = {
    name             = module.cluster.name
    arn              = module.cluster.arn
    version          = module.cluster.version
    endpoint         = module.cluster.endpoint
    node_group_names = module.cluster.node_group_names
  }
}
