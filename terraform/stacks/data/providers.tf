# Credentials come from the environment. Those of another account are refused before anything is read or created.
provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]
  s3_use_path_style   = var.emulated

  default_tags {
    tags = local.tags
  }
}

locals {
  tags = merge(var.tags, {
    Project     = "roster"
    Environment = var.environment
    Stack       = basename(abspath(path.root))
    ManagedBy   = "terraform"
  })
}
