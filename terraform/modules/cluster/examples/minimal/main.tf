module "cluster" {
  source             = "../.."
  name               = "roster-prod"
  kubernetes_version = "1.36"
  subnet_ids         = { eu-central-1a = "subnet-1", eu-central-1b = "subnet-2" }
  key_arn            = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000"

  addons = {
    vpc-cni                = "v1.22.4-eksbuild.3"
    kube-proxy             = "v1.36.0-eksbuild.25"
    coredns                = "v1.14.3-eksbuild.23"
    eks-pod-identity-agent = "v1.3.10-eksbuild.3"
  }
}
