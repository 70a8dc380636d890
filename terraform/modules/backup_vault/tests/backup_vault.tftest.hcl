provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

variables { name = "roster-test" }

run "a_vault_is_locked" {
  command = plan

  assert {
    condition     = aws_backup_vault_lock_configuration.this[0].min_retention_days == 7 && !aws_backup_vault.this.force_destroy
    error_message = "A recovery point can be deleted on its first day."
  }
}

run "a_name_in_capitals_is_refused" {
  command = plan
  variables { name = "Roster" }
  expect_failures = [var.name]
}

run "zero_days_are_refused" {
  command = plan
  variables { min_retention_days = 0 }
  expect_failures = [var.min_retention_days]
}
