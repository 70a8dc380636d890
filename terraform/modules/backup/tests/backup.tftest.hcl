provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

variables {
  name          = "roster-test"
  vault_name    = "roster-test"
  resource_arns = ["arn:aws:dynamodb:eu-central-1:123456789012:table/users", "arn:aws:s3:::avatars"]
}

run "both_are_backed_up_every_day" {
  command = plan

  assert {
    condition     = toset(aws_backup_selection.this.resources) == toset(var.resource_arns)
    error_message = "Something is left out."
  }

  assert {
    condition     = { for rule in aws_backup_plan.this.rule : rule.rule_name => rule.lifecycle[0].delete_after } == { daily = 35, monthly = 365 }
    error_message = "Backups are not made daily, or not kept."
  }
}

run "copies_go_to_the_second_region" {
  command = plan
  variables { copy_vault_arn = "arn:aws:backup:eu-west-1:123456789012:backup-vault:roster-test" }

  assert {
    condition     = alltrue([for rule in aws_backup_plan.this.rule : one(rule.copy_action).destination_vault_arn == var.copy_vault_arn])
    error_message = "A backup stays in its region."
  }
}

run "a_name_in_capitals_is_refused" {
  command = plan
  variables { name = "Roster" }
  expect_failures = [var.name]
}

run "nothing_at_all_is_refused" {
  command = plan
  variables { resource_arns = [] }
  expect_failures = [var.resource_arns]
}

run "a_schedule_in_words_is_refused" {
  command = plan
  variables { rules = { daily = { schedule = "daily", retention_days = 1 } } }
  expect_failures = [var.rules]
}

run "a_vault_by_its_name_is_refused" {
  command = plan
  variables { copy_vault_arn = "roster" }
  expect_failures = [var.copy_vault_arn]
}
