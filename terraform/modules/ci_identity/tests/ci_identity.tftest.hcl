provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

override_data {
  target = data.aws_caller_identity.this
  values = { account_id = "123456789012" }
}

override_resource {
  target          = aws_iam_openid_connect_provider.this
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
}

variables {
  name             = "roster-test-ci"
  repository       = "example/roster"
  environments     = ["test"]
  state_bucket_arn = "arn:aws:s3:::roster-test-states-123456789012"
}

run "pull_requests_plan_and_the_environment_applies" {
  command = plan

  assert {
    condition     = toset(keys(aws_iam_role.this)) == toset(["plan", "apply-test"])
    error_message = "There are other roles."
  }

  assert {
    condition     = aws_iam_role_policy_attachment.plan.policy_arn == "arn:aws:iam::aws:policy/ReadOnlyAccess"
    error_message = "Who plans may write."
  }

  # Each role is for whole subjects: those that `subjects` lists.
  assert {
    condition = local.subjects == {
      plan       = ["repo:example/roster:pull_request", "repo:example/roster:ref:refs/heads/main"]
      apply-test = ["repo:example/roster:environment:test"]
    }
    error_message = "Another may take a role."
  }
}

run "who_plans_reads_no_users" {
  command = plan

  assert {
    condition = toset(flatten([
      for statement in jsondecode(aws_iam_role_policy.plan.policy).Statement : statement.Action if statement.Effect == "Deny"
    ])) == toset(["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan", "s3:GetObject", "s3:GetObjectVersion", "secretsmanager:GetSecretValue", "sqs:ReceiveMessage"])
    error_message = "Data is not denied to who plans."
  }
}

run "a_name_in_capitals_is_refused" {
  command = plan
  variables { name = "Roster" }
  expect_failures = [var.name]
}

run "every_repository_is_refused" {
  command = plan
  variables { repository = "example/*" }
  expect_failures = [var.repository]
}

run "every_environment_is_refused" {
  command = plan
  variables { environments = ["*"] }
  expect_failures = [var.environments]
}

run "every_bucket_is_refused" {
  command = plan
  variables { state_bucket_arn = "arn:aws:s3:::*" }
  expect_failures = [var.state_bucket_arn]
}

run "roles_of_any_name_is_refused" {
  command = plan
  variables { roles_prefix = "" }
  expect_failures = [var.roles_prefix]
}
