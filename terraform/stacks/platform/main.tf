# The platform for containers, in addition to or instead of functions: images, a network, and a cluster in it.

locals {
  name = "roster-${var.environment}"
}

module "registry" {
  source = "../../modules/registry"

  name         = local.name
  force_delete = var.ephemeral
}

module "network" {
  source   = "../../modules/network"
  for_each = var.existing_network == null ? { own = var.cidr } : {}

  name                = local.name
  cidr                = each.value
  zones               = var.zones
  nat                 = var.nat
  interface_endpoints = var.interface_endpoints

  own_account_endpoints = var.own_account_endpoints
  flow_log_days         = var.flow_log_days

  permissions_boundary = var.permissions_boundary
  role_path            = var.role_path
}

moved {
  from = module.network
  to   = module.network["own"]
}

locals {
  network = var.existing_network != null ? var.existing_network : {
    vpc_id              = module.network["own"].vpc_id
    private_subnet_ids  = module.network["own"].private_subnet_ids
    public_subnet_cidrs = values(module.network["own"].public_subnet_cidrs)
  }
}

module "key" {
  source = "../../modules/key"

  name = "${local.name}-cluster"
}

module "cluster" {
  source = "../../modules/cluster"

  name                = local.name
  kubernetes_version  = var.kubernetes_version
  subnet_ids          = local.network.private_subnet_ids
  public_access_cidrs = var.public_access_cidrs
  api_client_cidrs    = var.api_client_cidrs
  key_arn             = module.key.arn
  nodes               = var.nodes
  addons              = var.addons
  access              = var.access
  network_policy_mode = var.network_policy_mode
  hosted_zone_arns    = var.hosted_zone_arns
  volume_tags         = { RosterBackup = local.name } # selected by the backups of the stack `data`

  permissions_boundary = var.permissions_boundary
  role_path            = var.role_path
}
