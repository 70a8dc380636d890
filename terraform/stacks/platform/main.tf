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
  source = "../../modules/network"

  name                = local.name
  cidr                = var.cidr
  zones               = var.zones
  nat                 = var.nat
  interface_endpoints = var.interface_endpoints
  flow_log_days       = var.flow_log_days

  permissions_boundary = var.permissions_boundary
}

module "key" {
  source = "../../modules/key"

  name = "${local.name}-cluster"
}

module "cluster" {
  source = "../../modules/cluster"

  name                = local.name
  kubernetes_version  = var.kubernetes_version
  subnet_ids          = module.network.private_subnet_ids
  public_access_cidrs = var.public_access_cidrs
  key_arn             = module.key.arn
  nodes               = var.nodes
  addons              = var.addons
  access              = var.access
  network_policy_mode = var.network_policy_mode
  hosted_zone_arns    = var.hosted_zone_arns

  permissions_boundary = var.permissions_boundary
}
