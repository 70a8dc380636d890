# Roster itself: permissions of each part, the functions, the roles of its pods, and observability. All of it can be
# recreated: there is no data in this stack.

locals {
  name = "roster-${var.environment}"
  data = jsondecode(data.aws_ssm_parameter.data.insecure_value)
}

data "aws_ssm_parameter" "data" {
  name = "/roster/${var.environment}/data"

  lifecycle {
    postcondition {
      condition     = jsondecode(self.insecure_value).environment == var.environment
      error_message = "The parameter /roster/${var.environment}/data was written by another environment: apply the stack `data` of ${var.environment} again."
    }

    postcondition {
      condition     = can(jsondecode(self.insecure_value).uploads_arn)
      error_message = "The parameter /roster/${var.environment}/data was written by an earlier release: apply the stack `data` of ${var.environment} first."
    }
  }
}

module "access_policy" {
  source = "../../modules/access_policy"

  table_arn        = local.data.table_arn
  bucket_arn       = local.data.bucket_arn
  uploads_arn      = local.data.uploads_arn
  queue_arn        = local.data.queue_arn
  dead_letters_arn = local.data.dead_letters_arn
  key_arns         = local.data.key_arns
}

module "delivery" {
  source   = "../../modules/delivery"
  for_each = var.delivery == null ? {} : { pictures = var.delivery }

  name               = local.name
  bucket_domain_name = local.data.bucket_domain_name
  error_page         = try(local.data.error_page, null)
  domain = each.value.domain == null ? null : merge(each.value.domain, {
    certificate_arn = local.pictures_without_certificate ? module.cloudfront_certificate["pictures"].arn : each.value.domain.certificate_arn
  })
  cors_origins = local.cors_origins
  web_acl_arn  = each.value.web_acl_arn
  price_class  = each.value.price_class
}

module "observability" {
  source = "../../modules/observability"

  name              = local.name
  table_name        = local.data.table_name
  index_names       = try(local.data.index_names, []) # of an earlier release of the stack `data`
  queue_name        = local.data.queue_name
  dead_letters_name = local.data.dead_letters_name
  function_names    = try(module.functions["api"].function_names, {})
  api               = var.lambda == null ? null : { id = module.functions["api"].api_id }
  alarm_topic_arns  = [local.data.alarm_topic_arn]
}
