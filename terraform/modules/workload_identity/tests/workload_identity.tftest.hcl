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

variables {
  name            = "roster-test-api"
  namespace       = "roster"
  service_account = "roster-api"
  policy          = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::b/*\"}]}"
}

run "irsa_trusts_one_service_account" {
  command = plan
  variables { oidc_provider = { arn = "arn:aws:iam::123456789012:oidc-provider/oidc.example.org/id/1", issuer = "oidc.example.org/id/1" } }

  assert {
    condition = one(jsondecode(aws_iam_role.this.assume_role_policy).Statement) == {
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = "arn:aws:iam::123456789012:oidc-provider/oidc.example.org/id/1" }
      Condition = { StringEquals = {
        "oidc.example.org/id/1:sub" = "system:serviceaccount:roster:roster-api"
        "oidc.example.org/id/1:aud" = "sts.amazonaws.com"
      } }
    }
    error_message = "Another service account is trusted, or another audience."
  }

  assert {
    condition     = length(aws_eks_pod_identity_association.this) == 0 && jsondecode(aws_iam_role_policy.this.policy) == jsondecode(var.policy)
    error_message = "There is an association, or another policy."
  }
}

run "pod_identity_trusts_one_service_account" {
  command = plan
  variables { pod_identity_cluster = "roster-test" }

  assert {
    condition     = aws_eks_pod_identity_association.this[0].service_account == "roster-api" && aws_eks_pod_identity_association.this[0].namespace == "roster"
    error_message = "Another service account gets the role."
  }

  assert {
    condition = one(jsondecode(aws_iam_role.this.assume_role_policy).Statement).Condition.StringEquals == {
      "aws:RequestTag/kubernetes-namespace"       = "roster"
      "aws:RequestTag/kubernetes-service-account" = "roster-api"
      "aws:SourceAccount"                         = "123456789012"
    }
    error_message = "EKS may assume the role for another pod."
  }
}

run "neither_irsa_nor_pod_identity_is_refused" {
  command         = plan
  expect_failures = [aws_iam_role.this]
}

run "any_namespace_is_refused" {
  command = plan
  variables {
    namespace            = "*"
    pod_identity_cluster = "roster-test"
  }
  expect_failures = [var.namespace]
}

run "any_service_account_is_refused" {
  command = plan
  variables {
    service_account      = "roster-*"
    pod_identity_cluster = "roster-test"
  }
  expect_failures = [var.service_account]
}

run "a_malformed_policy_is_refused" {
  command = plan
  variables {
    policy               = "all"
    pod_identity_cluster = "roster-test"
  }
  expect_failures = [var.policy]
}

run "an_issuer_with_its_scheme_is_refused" {
  command = plan
  variables { oidc_provider = { arn = "arn:aws:iam::123456789012:oidc-provider/x", issuer = "https://x" } }
  expect_failures = [var.oidc_provider]
}

run "a_name_with_blanks_is_refused" {
  command = plan
  variables {
    name                 = "my role"
    pod_identity_cluster = "roster-test"
  }
  expect_failures = [var.name]
}

run "the_role_is_within_the_boundary" {
  command = plan

  variables {
    pod_identity_cluster = "roster-test"
    permissions_boundary = "arn:aws:iam::123456789012:policy/roster-test-boundary"
  }

  assert {
    condition     = aws_iam_role.this.permissions_boundary == var.permissions_boundary
    error_message = "The role has no boundary."
  }
}

run "a_boundary_by_its_name_is_refused" {
  command = plan

  variables {
    pod_identity_cluster = "roster-test"
    permissions_boundary = "roster-dev-boundary"
  }

  expect_failures = [var.permissions_boundary]
}

run "a_path_without_its_slashes_is_refused" {
  command = plan
  variables { role_path = "teams" }
  expect_failures = [var.role_path]
}
