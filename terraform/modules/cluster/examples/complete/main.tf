# A private cluster that people reach by Session Manager, with nodes of a pinned release, and all controllers.
module "cluster" {
  source             = "../.."
  name               = "roster-prod"
  kubernetes_version = "1.36"
  subnet_ids         = { eu-central-1a = "subnet-1", eu-central-1b = "subnet-2", eu-central-1c = "subnet-3" }
  key_arn            = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000"
  api_client_cidrs   = ["10.100.0.0/16"]
  hosted_zone_arns   = ["arn:aws:route53:::hostedzone/Z0123456789ABC"]
  volume_tags        = { RosterBackup = "roster-prod" }

  nodes = {
    instance_types  = ["m7g.large", "m8g.large"]
    min_per_zone    = 2
    max_per_zone    = 10
    release_version = "1.36.3-20260903"
    session_manager = true
  }

  addons = {
    vpc-cni                = "v1.22.4-eksbuild.3"
    kube-proxy             = "v1.36.0-eksbuild.25"
    coredns                = "v1.14.3-eksbuild.23"
    eks-pod-identity-agent = "v1.3.10-eksbuild.3"
    aws-ebs-csi-driver     = "v1.66.0-eksbuild.1"
  }

  access = {
    full      = ["arn:aws:iam::123456789012:role/platform"]
    read_only = ["arn:aws:iam::123456789012:role/developer"]
  }
}
