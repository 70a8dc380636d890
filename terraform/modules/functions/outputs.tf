output "public_url" {
  description = "URL of the API."
  value       = local.public_url
}

output "api_id" {
  description = "Id of the HTTP API, as a dimension of its metrics."
  value       = aws_apigatewayv2_api.this.id
}

output "function_names" {
  description = "Names of the functions, by key of `functions`."
  value       = { for name, function in aws_lambda_function.this : name => function.function_name }
}

output "role_arns" {
  description = "ARNs of the functions' roles, by key of `functions`."
  value       = { for name, role in aws_iam_role.this : name => role.arn }
}

output "environments" {
  description = "The settings of each function."
  value       = { for name, function in aws_lambda_function.this : name => function.environment[0].variables }
}

output "deployments" {
  description = "For each function, the application, the group and the revision of a deployment to the latest published version."
  value = {
    for name, function in aws_lambda_function.this : name => {
      applicationName     = aws_codedeploy_app.this.name
      deploymentGroupName = aws_codedeploy_deployment_group.this[name].deployment_group_name
      function            = function.function_name
      alias               = aws_lambda_alias.this[name].name
      version             = function.version
    }
  }
}

output "has_authorizer" {
  description = "Whether the API itself checks tokens, besides Roster."
  value       = length(aws_apigatewayv2_authorizer.this) > 0
}

output "api_arn" {
  description = "ARN prefix of the API's routes and stages, for policies."
  value       = aws_apigatewayv2_api.this.execution_arn
}

output "function_arns" {
  description = "ARNs of the functions, by key of `functions`."
  value       = { for name, function in aws_lambda_function.this : name => function.arn }
}

output "domain_target" {
  description = "Host name and hosted zone behind a custom domain, for its DNS record; null without one."
  value = var.domain == null ? null : {
    name    = aws_apigatewayv2_domain_name.this[0].domain_name_configuration[0].target_domain_name
    zone_id = aws_apigatewayv2_domain_name.this[0].domain_name_configuration[0].hosted_zone_id
  }
}

output "event_sources" {
  description = "Ids of the event source mappings, by key of `functions`."
  value       = { for name, mapping in aws_lambda_event_source_mapping.this : name => mapping.uuid }
}
