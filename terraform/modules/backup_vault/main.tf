# A vault of recovery points that nobody ends before their time. Made in a second region it holds the copies.

resource "aws_backup_vault" "this" {
  name          = var.name
  kms_key_arn   = var.key_arn
  force_destroy = var.force_destroy
}

# In governance mode: who may change the vault's lock may lift it, and nobody else.
resource "aws_backup_vault_lock_configuration" "this" {
  count = var.min_retention_days == null ? 0 : 1

  backup_vault_name  = aws_backup_vault.this.name
  min_retention_days = var.min_retention_days
}
