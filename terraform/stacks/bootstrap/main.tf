# Prerequisites for planning the other stacks: the bucket of states, and the roles that plan and apply.

module "state" {
  source = "../../modules/state"

  name          = "roster-${var.environment}-states"
  force_destroy = var.ephemeral
}

module "ci_identity" {
  source = "../../modules/ci_identity"
  # By the name without ids: adding those changes subjects, and replaces no role.
  for_each = var.repository == null ? {} : { (replace(var.repository, "/@[0-9]+/", "")) = var.repository }

  name             = "roster-${var.environment}-ci"
  repository       = each.value
  provider_arn     = var.github_provider_arn
  environments     = [var.environment]
  state_bucket_arn = module.state.arn
  roles_prefix     = "roster-${var.environment}-"

  workload_boundary    = var.permissions_boundary
  permissions_boundary = var.ci_permissions_boundary
  role_path            = var.role_path
}
