# Deployment as containers: a role for each service account.

locals {
  # On any cluster: the environment's own, of the stack `platform`, or one given by its OIDC provider.
  own_cluster = var.kubernetes != null && try(var.kubernetes.oidc_provider, null) == null
  platform    = local.own_cluster ? jsondecode(data.aws_ssm_parameter.platform[0].insecure_value) : null
  oidc        = local.own_cluster ? local.platform.oidc_provider : try(var.kubernetes.oidc_provider, null)
  irsa        = try(var.kubernetes.identity, "irsa") == "irsa"
}

data "aws_ssm_parameter" "platform" {
  count = local.own_cluster ? 1 : 0

  name = "/roster/${var.environment}/platform"

  lifecycle {
    postcondition {
      condition     = jsondecode(self.insecure_value).environment == var.environment
      error_message = "The parameter /roster/${var.environment}/platform was written by another environment: apply the stack `platform` of ${var.environment} again."
    }
  }
}

module "identity" {
  source   = "../../modules/workload_identity"
  for_each = var.kubernetes == null ? toset([]) : toset(["api", "worker", "operator"])

  name                 = "${local.name}-${each.key}"
  namespace            = var.kubernetes.namespace
  service_account      = var.kubernetes.service_accounts[each.key]
  policy               = module.access_policy.policies[each.key]
  permissions_boundary = var.permissions_boundary
  role_path            = var.role_path
  oidc_provider        = local.irsa ? local.oidc : null
  pod_identity_cluster = local.irsa ? null : local.platform.cluster_name
}
