# A vault of recovery points that is locked against early deletion. In a second region it holds the copies.

resource "aws_backup_vault" "this" {
  name          = var.name
  kms_key_arn   = var.key_arn
  force_destroy = var.force_destroy
}

# In governance mode: only principals that may change the vault's lock can remove it.
resource "aws_backup_vault_lock_configuration" "this" {
  count = var.min_retention_days == null ? 0 : 1

  backup_vault_name  = aws_backup_vault.this.name
  min_retention_days = var.min_retention_days
}
