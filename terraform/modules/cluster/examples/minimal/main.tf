module "cluster" {
  source             = "../.."
  name               = "roster-prod"
  kubernetes_version = "1.36"
  subnet_ids         = { eu-central-1a = "subnet-1", eu-central-1b = "subnet-2" }
  key_arn            = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000"
  addons             = { coredns = "v1.14.3-eksbuild.23" }
}
