# Wiring, with the values of each environment (`just tf-check`); modules have tests of their own.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Statement\":[]}" }
  }

  # The values that both other stacks publish.
  mock_data "aws_ssm_parameter" {
    defaults = { insecure_value = "{\"environment\": \"test\", \"table_name\": \"users\", \"table_arn\": \"arn:aws:dynamodb:eu-central-1:123456789012:table/users\", \"bucket_name\": \"avatars\", \"bucket_arn\": \"arn:aws:s3:::avatars\", \"bucket_domain_name\": \"avatars.s3.eu-central-1.amazonaws.com\", \"error_page\": \"errors/not-found.json\", \"uploads_name\": \"uploads\", \"uploads_arn\": \"arn:aws:s3:::uploads\", \"queue_name\": \"events\", \"queue_arn\": \"arn:aws:sqs:eu-central-1:123456789012:events\", \"queue_url\": \"https://sqs.eu-central-1.amazonaws.com/123456789012/events\", \"dead_letters_name\": \"dead\", \"dead_letters_arn\": \"arn:aws:sqs:eu-central-1:123456789012:dead\", \"dead_letters_url\": \"https://sqs.eu-central-1.amazonaws.com/123456789012/dead\", \"key_arns\": [], \"alarm_topic_arn\": \"arn:aws:sns:eu-central-1:123456789012:alerts\", \"cluster_name\": \"roster-test\", \"oidc_provider\": {\"arn\": \"arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/1\", \"issuer\": \"oidc.eks.eu-central-1.amazonaws.com/id/1\"}}" }
  }
}

mock_provider "aws" {
  alias = "cloudfront"
}

variables { environment = "test" }

run "settings_name_their_environment" {
  command = plan

  # This needs no zips.
  variables { lambda = null }

  assert {
    condition     = output.settings.ROSTER_ENVIRONMENT == "test" && output.settings.ROSTER_CONFIG_ENVIRONMENT == "test"
    error_message = "Roster would serve nothing."
  }

  assert {
    condition     = join(",", sort(keys(module.identity))) == (var.kubernetes == null ? "" : "api,operator,worker")
    error_message = "A pod has no role, or there are roles without pods."
  }

  assert {
    condition     = contains(keys(output.settings), "ROSTER_AVATAR_BASE_URL") == (var.delivery != null)
    error_message = "The base URL of pictures is wrong."
  }
}

run "domains_without_a_certificate_get_one" {
  command = plan

  variables {
    lambda     = null
    kubernetes = { domain = { name = "users.example.org", zone_id = "Z0EXAMPLE" } }
    delivery   = { domain = { name = "pictures.example.org", zone_id = "Z0EXAMPLE" } }
  }

  assert {
    condition     = [keys(module.certificate), keys(module.cloudfront_certificate)] == [["users.example.org"], ["pictures"]]
    error_message = "A host has no certificate, or in the wrong region."
  }

  assert {
    condition     = output.settings.ROSTER_AVATAR_BASE_URL == "https://pictures.example.org"
    error_message = "URLs of pictures have another host."
  }
}

run "a_given_certificate_is_used" {
  command = plan

  variables {
    lambda     = null
    kubernetes = null
    delivery   = { domain = { name = "pictures.example.org", certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/1" } }
  }

  assert {
    condition     = length(module.certificate) + length(module.cloudfront_certificate) == 0
    error_message = "A second certificate is created."
  }

  assert {
    condition     = output.delivery.certificate_arn == "arn:aws:acm:us-east-1:123456789012:certificate/1"
    error_message = "CloudFront has another certificate."
  }
}

run "a_domain_of_functions_without_a_certificate_gets_one" {
  command = plan

  variables {
    lambda     = { zips = "./tests/zips", domain = { name = "users.example.org", zone_id = "Z0EXAMPLE" } }
    kubernetes = { domain = { name = "users.example.org", zone_id = "Z0EXAMPLE" } }
    delivery   = null
  }

  assert {
    condition     = keys(module.certificate) == ["users.example.org"] && keys(output.certificate_arns) == ["functions", "pods"]
    error_message = "Functions have no certificate, or two share a record that one of them removes."
  }

  assert {
    condition     = output.public_url == "https://users.example.org"
    error_message = "The API has another host."
  }
}

run "without_a_domain_of_its_own_no_record_is_needed" {
  command = plan

  variables {
    lambda     = { zips = "./tests/zips" }
    kubernetes = null
  }

  assert {
    condition     = output.api_domain == null
    error_message = "There is a host for a record that nothing answers."
  }
}

run "a_domain_without_certificate_and_zone_is_refused" {
  command = plan

  variables {
    lambda   = null
    delivery = { domain = { name = "pictures.example.org" } }
  }

  expect_failures = [var.delivery]
}

run "a_domain_of_functions_without_certificate_and_zone_is_refused" {
  command = plan
  variables { lambda = { zips = "./tests/zips", domain = { name = "users.example.org" } } }
  expect_failures = [var.lambda]
}

run "an_authorizer_without_tokens_is_refused" {
  command = plan

  variables {
    environment = "test"
    auth        = { mode = "off" }
    lambda      = { zips = "./tests/zips", authorizer = true }
  }

  expect_failures = [var.lambda]
}

run "events_that_no_part_takes_are_refused" {
  command = plan

  variables {
    lambda     = { zips = "./tests/zips", events = { enabled = false } }
    kubernetes = null
  }

  expect_failures = [var.lambda]
}

run "only_pods_take_events_by_choice" {
  command = plan
  variables {
    lambda     = { zips = "./tests/zips", events = { enabled = false } }
    kubernetes = {}
  }

  assert {
    condition     = length(module.functions["api"].event_sources) == 0
    error_message = "Functions and pods compete for events."
  }
}

run "each_route_goes_to_the_function_that_owns_it" {
  command = plan

  variables {
    lambda = { zips = "./tests/zips" }
    auth   = { mode = "oidc", issuer = "https://id.example.org", audience = "roster" }
  }

  assert {
    condition = { for name, function in module.functions["api"].function_names : name => function } == {
      for name in ["create-user", "list-users", "manage-user", "process-avatar", "serve-avatar"] : name => "roster-test-${name}"
    }
    error_message = "A function is missing."
  }

  assert {
    condition = { for key, route in local.functions["create-user"].routes : key => route.authorized } == {
      "ANY /user" = false, "POST /user" = true, "ANY /uploads" = false, "POST /uploads" = true
    }
    error_message = "An upload is announced without a token, or to another function."
  }
}

# The authorizer must reach the issuer when it is created, and accepts RSA signatures only; Roster checks every token itself.
run "only_roster_checks_tokens_by_default" {
  command = plan

  variables {
    lambda = { zips = "./tests/zips" }
    auth   = { mode = "oidc", issuer = "https://id.example.org", audience = "roster" }
  }

  assert {
    condition     = !module.functions["api"].has_authorizer
    error_message = "An issuer that API Gateway does not reach, or that signs with ES256, locks everyone out."
  }
}

run "pages_that_may_call_the_api_may_send_uploads" {
  command = plan

  variables {
    settings = { ROSTER_CORS_ORIGINS = "https://one.example.org, https://two.example.org" }
    lambda   = null
  }

  assert {
    condition     = one(aws_s3_bucket_cors_configuration.uploads[0].cors_rule).allowed_origins == toset(["https://one.example.org", "https://two.example.org"]) && aws_s3_bucket_cors_configuration.uploads[0].bucket == "uploads"
    error_message = "Other pages may send uploads, or to another bucket."
  }

  assert {
    condition     = one(aws_s3_bucket_cors_configuration.uploads[0].cors_rule).allowed_methods == toset(["PUT"])
    error_message = "Pages may do more than send uploads."
  }
}

run "without_origins_no_page_may_send_uploads" {
  command = plan

  variables {
    settings = {}
    lambda   = null
  }

  assert {
    condition     = length(aws_s3_bucket_cors_configuration.uploads) == 0
    error_message = "Some page may send uploads."
  }
}

run "data_of_an_earlier_release_is_refused" {
  command = plan

  override_data {
    target = data.aws_ssm_parameter.data
    values = { insecure_value = "{\"environment\": \"test\"}" }
  }

  variables {
    lambda     = null
    kubernetes = null
    delivery   = null
  }

  expect_failures = [data.aws_ssm_parameter.data]
}

run "data_of_another_environment_is_refused" {
  command = plan

  variables {
    environment = "other"
    lambda      = null
    kubernetes  = null
  }

  expect_failures = [data.aws_ssm_parameter.data]
}

run "auth_off_in_prod_is_refused" {
  command = plan

  override_data {
    target = data.aws_ssm_parameter.data
    values = { insecure_value = "{\"environment\": \"prod\", \"table_name\": \"users\", \"table_arn\": \"arn:aws:dynamodb:eu-central-1:123456789012:table/users\", \"bucket_name\": \"avatars\", \"bucket_arn\": \"arn:aws:s3:::avatars\", \"bucket_domain_name\": \"avatars.s3.eu-central-1.amazonaws.com\", \"error_page\": \"errors/not-found.json\", \"uploads_name\": \"uploads\", \"uploads_arn\": \"arn:aws:s3:::uploads\", \"queue_name\": \"events\", \"queue_arn\": \"arn:aws:sqs:eu-central-1:123456789012:events\", \"queue_url\": \"https://sqs.eu-central-1.amazonaws.com/123456789012/events\", \"dead_letters_name\": \"dead\", \"dead_letters_arn\": \"arn:aws:sqs:eu-central-1:123456789012:dead\", \"dead_letters_url\": \"https://sqs.eu-central-1.amazonaws.com/123456789012/dead\", \"key_arns\": [], \"alarm_topic_arn\": \"arn:aws:sns:eu-central-1:123456789012:alerts\", \"cluster_name\": \"roster-test\", \"oidc_provider\": {\"arn\": \"arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/1\", \"issuer\": \"oidc.eks.eu-central-1.amazonaws.com/id/1\"}}" }
  }

  variables {
    environment = "prod"
    auth        = { mode = "off" }
    lambda      = null
    kubernetes  = null
  }

  expect_failures = [var.auth]
}

run "tokens_without_an_issuer_are_refused" {
  command = plan

  variables {
    auth   = { mode = "oidc" }
    lambda = null
  }

  expect_failures = [var.auth]
}

run "an_issuer_over_plain_http_is_refused" {
  command = plan

  variables {
    auth   = { mode = "oidc", issuer = "http://id.example.org", audience = "roster" }
    lambda = null
  }

  expect_failures = [var.auth]
}

run "another_storage_is_refused" {
  command = plan

  variables {
    settings = { ROSTER_STORAGE = "sqlite:x" }
    lambda   = null
  }

  expect_failures = [var.settings]
}

run "another_identity_is_refused" {
  command = plan

  variables {
    kubernetes = { identity = "keys" }
    lambda     = null
  }

  expect_failures = [var.kubernetes]
}

run "roles_are_for_the_service_accounts_of_the_chart" {
  command = plan

  variables {
    kubernetes = { namespace = "people", service_accounts = { api = "users", worker = "renditions" } }
    lambda     = null
  }

  assert {
    condition     = output.pod_service_accounts == { api = "people/users", worker = "people/renditions", operator = "people/roster-operator" }
    error_message = "A role is for another service account than that of its pod."
  }
}

run "one_service_account_for_two_parts_is_refused" {
  command = plan

  variables {
    kubernetes = { service_accounts = { api = "users", worker = "users" } }
    lambda     = null
  }

  expect_failures = [var.kubernetes]
}

run "a_service_account_with_its_namespace_is_refused" {
  command = plan

  variables {
    kubernetes = { service_accounts = { api = "people/users" } }
    lambda     = null
  }

  expect_failures = [var.kubernetes]
}

run "another_auth_mode_is_refused" {
  command = plan

  variables {
    auth   = { mode = "basic" }
    lambda = null
  }

  expect_failures = [var.auth]
}

run "pod_identity_on_another_cluster_is_refused" {
  command = plan

  variables {
    kubernetes = { identity = "pod_identity", oidc_provider = { arn = "arn:aws:iam::123456789012:oidc-provider/x", issuer = "x" } }
    lambda     = null
  }

  expect_failures = [var.kubernetes]
}
