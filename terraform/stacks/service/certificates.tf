# Certificates of host names that have none yet. CloudFront's are in us-east-1, and the others in this region.

provider "aws" {
  alias = "cloudfront"
  # Other partitions have no such region, and no CloudFront of this kind.
  region              = can(regex("^(cn|us-gov)-", var.region)) ? var.region : "us-east-1"
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = local.tags
  }
}

locals {
  # Hosts of this region: of the functions, and of the pods' load balancer, which finds its certificate by the host.
  domains_without_certificate = { for part, domain in { functions = try(var.lambda.domain, null), pods = try(var.kubernetes.domain, null) } :
    part => domain if domain != null && try(domain.certificate_arn, null) == null
  }
  pictures_without_certificate = try(var.delivery.domain, null) != null && try(var.delivery.domain.certificate_arn, null) == null
}

# One for each host: two of one name would share the record that renews them.
module "certificate" {
  source   = "../../modules/certificate"
  for_each = { for name, domains in { for domain in local.domains_without_certificate : domain.name => domain... } : name => domains[0] }

  domain  = each.key
  zone_id = each.value.zone_id
}

module "cloudfront_certificate" {
  source   = "../../modules/certificate"
  for_each = local.pictures_without_certificate ? { pictures = var.delivery.domain } : {}

  providers = { aws = aws.cloudfront }

  domain  = each.value.name
  zone_id = each.value.zone_id
}
