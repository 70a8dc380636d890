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

  # Each role trusts full subjects only: those in `subjects`.
  assert {
    condition = local.subjects == {
      plan       = ["repo:example/roster:pull_request", "repo:example/roster:ref:refs/heads/main"]
      apply-test = ["repo:example/roster:environment:test"]
    }
    error_message = "Another subject may assume a role."
  }
}

# https://github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens/
run "a_new_repository_is_known_by_its_ids" {
  command = plan
  variables { repository = "example@123456/roster@456789" }

  assert {
    condition = local.subjects == {
      plan       = ["repo:example@123456/roster@456789:pull_request", "repo:example@123456/roster@456789:ref:refs/heads/main"]
      apply-test = ["repo:example@123456/roster@456789:environment:test"]
    }
    error_message = "The subject is not the one of GitHub's tokens."
  }

  assert {
    condition     = jsondecode(aws_iam_role.this["apply-test"].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == "repo:example@123456/roster@456789:environment:test"
    error_message = "The role trusts another subject."
  }
}

run "one_id_without_the_other_is_refused" {
  command = plan
  variables { repository = "example@123456/roster" }
  expect_failures = [var.repository]
}

run "an_existing_provider_is_used" {
  command = plan
  variables { provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }

  assert {
    condition     = length(aws_iam_openid_connect_provider.this) == 0 && output.provider_arn == var.provider_arn
    error_message = "The account already has this provider: creating it would fail."
  }

  assert {
    condition     = alltrue([for role in aws_iam_role.this : jsondecode(role.assume_role_policy).Statement[0].Principal.Federated == var.provider_arn])
    error_message = "A role trusts another provider."
  }
}

run "the_provider_of_another_issuer_is_refused" {
  command = plan
  variables { provider_arn = "arn:aws:iam::123456789012:oidc-provider/gitlab.com" }
  expect_failures = [var.provider_arn]
}

run "roles_and_boundary_are_below_the_path" {
  command = plan
  variables { role_path = "/teams/roster/" }

  assert {
    condition     = alltrue([for role in aws_iam_role.this : role.path == "/teams/roster/"]) && output.workload_boundary == "arn:aws:iam::123456789012:policy/teams/roster/roster-boundary" && aws_iam_policy.boundary["own"].path == "/teams/roster/"
    error_message = "A role or the boundary is elsewhere."
  }

  assert {
    condition = alltrue(flatten([for statement in jsondecode(aws_iam_role_policy.apply["apply-test"].policy).Statement : [
      for resource in flatten([statement.Resource]) : startswith(resource, "arn:aws:iam::123456789012:role/teams/roster/roster-") if strcontains(resource, ":role/")
    ]]))
    error_message = "A workflow may change roles elsewhere."
  }
}

run "the_plan_role_reads_settings_and_no_data" {
  command = plan

  # Only its own list: AWS's read-only policies include items, objects, messages, logs and parameters.
  assert {
    condition     = alltrue([for attachment in aws_iam_role_policy_attachment.apply : attachment.role != "roster-test-ci-plan"])
    error_message = "The plan role has an AWS-managed policy."
  }

  assert {
    condition = length(setintersection(toset(flatten([for statement in jsondecode(aws_iam_role_policy.plan.policy).Statement : statement.Action])), toset([
      "dynamodb:BatchGetItem", "dynamodb:ExportTableToPointInTime", "dynamodb:PartiQLSelect", "dynamodb:Query", "dynamodb:Scan", "logs:FilterLogEvents",
      "logs:GetLogEvents", "logs:StartLiveTail", "logs:StartQuery", "s3:GetObjectVersion", "secretsmanager:GetSecretValue", "sqs:ReceiveMessage", "ssm:GetParametersByPath",
    ]))) == 0
    error_message = "The plan role reads data."
  }

  # An asterisk only where these verbs of a service return settings and no data.
  assert {
    condition = alltrue(flatten([for statement in jsondecode(aws_iam_role_policy.plan.policy).Statement : [
      for action in flatten([statement.Action]) : !strcontains(action, "*") || contains([
        "cloudfront:Describe*", "cloudfront:Get*", "cloudfront:List*", "codedeploy:BatchGet*", "codedeploy:Get*", "codedeploy:List*",
        "dynamodb:Describe*", "ec2:Describe*", "eks:Describe*", "eks:List*", "s3:GetBucket*",
      ], action)
    ]]))
    error_message = "An asterisk allows actions that were not reviewed."
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.plan.policy).Statement : statement.Sid => statement.Resource if contains(["ClusterAndVaults", "ObjectsOfTerraform", "ItemOfTerraform", "Published", "States"], statement.Sid) } == {
      ClusterAndVaults   = ["arn:aws:eks:eu-central-1:123456789012:*/roster/*", "arn:aws:eks:eu-central-1:123456789012:*/roster-*", "arn:aws:eks:eu-central-1:123456789012:*/roster", "arn:aws:backup:*:123456789012:backup-vault:roster-*", "arn:aws:backup:*:123456789012:backup-vault:roster"]
      ItemOfTerraform    = "arn:aws:dynamodb:eu-central-1:123456789012:table/roster-*"
      ObjectsOfTerraform = ["arn:aws:s3:::roster-avatars*/roster.json", "arn:aws:s3:::roster-avatars*/errors/not-found.json"]
      Published          = "arn:aws:ssm:eu-central-1:123456789012:parameter/roster/test/*"
      States             = "arn:aws:s3:::roster-test-states-123456789012/*"
    }
    error_message = "The plan role reads another cluster, vault, object, item or parameter."
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.plan.policy).Statement : statement.Condition if statement.Sid == "ItemOfTerraform"] == [
      { "ForAllValues:StringEquals" = { "dynamodb:LeadingKeys" = "#roster" } }
    ]
    error_message = "The plan role reads users."
  }
}

run "the_apply_role_gives_no_role_more_than_the_boundary" {
  command = plan

  # Each action that grants a role rights requires the boundary on it.
  assert {
    condition = alltrue(flatten([for statement in jsondecode(aws_iam_role_policy.apply["apply-test"].policy).Statement : [
      for action in flatten([statement.Action]) : try(statement.Condition.StringEquals["iam:PermissionsBoundary"], "") == "arn:aws:iam::123456789012:policy/roster-boundary"
      if contains(["iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"], action)
    ] if statement.Effect == "Allow"]))
    error_message = "A role could be granted rights without the boundary."
  }

  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_role_policy.apply["apply-test"].policy).Statement : statement.Action if statement.Sid == "RightsWithinTheBoundary"])) == toset([
      "iam:AttachRolePolicy", "iam:CreateRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy",
    ])
    error_message = "Roles cannot be created, or can be created in another way."
  }

  assert {
    condition = alltrue([for action in ["iam:DeleteRolePermissionsBoundary", "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"] : contains(flatten([
      for statement in jsondecode(aws_iam_role_policy.apply["apply-test"].policy).Statement : statement.Action if statement.Effect == "Deny"
    ]), action)])
    error_message = "The boundary can be removed or changed."
  }

  assert {
    condition = alltrue([for action in ["iam:CreateRole", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:PassRole"] : contains(flatten([
      for statement in jsondecode(aws_iam_role_policy.apply["apply-test"].policy).Statement : statement.Action
      if statement.Effect == "Deny" && contains(flatten([statement.Resource]), "arn:aws:iam::123456789012:role/roster-test-ci-*")
    ]), action)])
    error_message = "A workflow can create or change a workflow role."
  }

  assert {
    condition = jsonencode([for statement in jsondecode(aws_iam_role_policy.apply["apply-test"].policy).Statement : sort(statement.Action) if statement.Effect == "Deny" && statement.Resource == "arn:aws:iam::123456789012:role/roster-restore"]) == jsonencode([
      ["iam:PassRole", "iam:UpdateAssumeRolePolicy"]
    ])
    error_message = "A workflow can restore over tables and buckets."
  }
}

run "the_boundary_has_no_rights_over_identities_and_states" {
  command = plan

  assert {
    condition = [for action in flatten([
      for statement in jsondecode(aws_iam_policy.boundary["own"].policy).Statement : statement.Action if statement.Effect == "Allow"
    ]) : action if length(regexall("^(\\*|iam:|sts:|organizations:|account:)", action)) > 0] == ["iam:CreateServiceLinkedRole"]
    error_message = "A role within the boundary could extend its own rights."
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_policy.boundary["own"].policy).Statement : [statement.Action, statement.Resource] if statement.Effect == "Deny"] == [
      ["s3:*", ["arn:aws:s3:::roster-test-states-123456789012/*", "arn:aws:s3:::roster-test-states-123456789012"]]
    ]
    error_message = "A role within the boundary could write states."
  }

  # IAM's limit: 6,144 characters without white space.
  assert {
    condition     = length(replace(aws_iam_policy.boundary["own"].policy, "/\\s/", "")) < 6144 && length(replace(aws_iam_role_policy.plan.policy, "/\\s/", "")) < 10240
    error_message = "A policy exceeds IAM's size limit."
  }
}

run "a_boundary_of_the_company_is_used" {
  command = plan

  variables {
    workload_boundary    = "arn:aws:iam::123456789012:policy/company"
    permissions_boundary = "arn:aws:iam::123456789012:policy/company-ci"
  }

  assert {
    condition     = length(aws_iam_policy.boundary) == 0 && output.workload_boundary == var.workload_boundary
    error_message = "A boundary is created besides that of the company."
  }

  assert {
    condition     = alltrue([for role in aws_iam_role.this : role.permissions_boundary == var.permissions_boundary])
    error_message = "A workflow role has no boundary."
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

run "a_boundary_by_its_name_is_refused" {
  command = plan
  variables { workload_boundary = "company" }
  expect_failures = [var.workload_boundary]
}

run "a_boundary_of_workflows_by_its_name_is_refused" {
  command = plan
  variables { permissions_boundary = "company" }
  expect_failures = [var.permissions_boundary]
}

run "a_path_without_its_slashes_is_refused" {
  command = plan
  variables { role_path = "teams" }
  expect_failures = [var.role_path]
}
