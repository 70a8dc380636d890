# In LocalStack itself (localstack/ready.d makes the bucket): where its resources are gone, so is what Terraform knows of them.
bucket              = "roster-local-states"
region              = "us-east-1"
allowed_account_ids = ["000000000000"]
use_path_style      = true
use_lockfile        = true
