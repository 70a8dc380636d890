# Deployment as functions: which function owns which route.

locals {
  zips = try(var.lambda.zips, "")

  functions = {
    create-user = {
      memory_mb = 1024
      routes = merge([for path in ["/user", "/uploads"] : {
        "ANY ${path}"  = { authorized = false }
        "POST ${path}" = { authorized = true }
      }]...)
    }
    manage-user = {
      memory_mb = 1024
      routes = merge({ "ANY /users/{proxy+}" = { authorized = false } }, {
        for method in ["GET", "PUT", "PATCH", "DELETE"] : "${method} /users/{proxy+}" => { authorized = true }
      })
    }
    serve-avatar = {
      memory_mb = 1024
      routes    = { for path in ["/avatars/{proxy+}", "/avatar/{proxy+}"] : "ANY ${path}" => { authorized = false } }
    }
    list-users = {
      memory_mb = 256
      routes    = { "$default" = { authorized = false }, "GET /users" = { authorized = true } }
    }
    process-avatar = {
      memory_mb = 1024
      routes    = {}
    }
  }
}

module "functions" {
  source   = "../../modules/functions"
  for_each = var.lambda == null ? {} : { api = var.lambda }

  name         = local.name
  architecture = each.value.architecture
  throttling   = each.value.throttling
  domain = each.value.domain == null ? null : merge(each.value.domain, {
    certificate_arn = each.value.domain.certificate_arn != null ? each.value.domain.certificate_arn : module.certificate[each.value.domain.name].arn
  })
  deployment       = each.value.deployment
  tracing          = each.value.tracing
  authorizer       = each.value.authorizer ? { issuer = var.auth.issuer, audience = var.auth.audience } : null
  alarm_topic_arns = [local.data.alarm_topic_arn]

  permissions_boundary = var.permissions_boundary
  role_path            = var.role_path

  functions = { for name, function in local.functions : name => {
    zip                  = "${local.zips}/${name}/bootstrap.zip"
    policy               = module.access_policy.policies[name]
    environment          = local.settings
    memory_mb            = function.memory_mb
    reserved_concurrency = lookup(each.value.reserved_concurrency, name, null)
    # Without an authorizer only the function itself checks tokens, which needs no route per method.
    routes = { for key, route in function.routes : key => route if !route.authorized || each.value.authorizer }
    queue = name != "process-avatar" || !each.value.events.enabled ? null : {
      arn             = local.data.queue_arn
      batch_size      = each.value.events.batch_size
      max_concurrency = each.value.events.max_concurrency
    }
  } }
}
