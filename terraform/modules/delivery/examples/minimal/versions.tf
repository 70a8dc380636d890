terraform {
  required_version = "~> 1.11"

  required_providers {
    # tflint-ignore: terraform_unused_required_providers # the module's; its tests replace it by a mock
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}
