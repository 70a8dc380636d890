cidr                  = "10.30.0.0/16"
zones                 = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
interface_endpoints   = ["sqs", "sts", "ecr.api", "ecr.dkr", "logs"]
flow_log_days         = 90
own_account_endpoints = true
kubernetes_version    = "1.36" # standard support until 2027-08-02

# The Kubernetes API is private: people reach it through a node, by Session Manager (docs/kubernetes.md).
nodes = {
  instance_types  = ["m7g.large"]
  min_per_zone    = 2
  max_per_zone    = 10
  session_manager = true
  release_version = "1.36.3-20260903" # nodes change when this does, and not by an unrelated apply (docs/terraform.md)
}

# Seen on public 1.36 clusters in September 2026, not yet in AWS's own list: `just kubernetes-versions` compares them.
addons = {
  vpc-cni                = "v1.22.4-eksbuild.3"
  kube-proxy             = "v1.36.0-eksbuild.25"
  coredns                = "v1.14.3-eksbuild.23"
  eks-pod-identity-agent = "v1.3.10-eksbuild.3"
  aws-ebs-csi-driver     = "v1.66.0-eksbuild.1"
  metrics-server         = "v0.9.0-eksbuild.11"
}

access = {
  full      = ["arn:aws:iam::333333333333:role/platform"]
  read_only = ["arn:aws:iam::333333333333:role/developer", "arn:aws:iam::333333333333:role/read-only"]
}

hosted_zone_arns = ["arn:aws:route53:::hostedzone/Z0EXAMPLE0PROD"]
