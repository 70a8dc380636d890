cidr                = "10.30.0.0/16"
zones               = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
interface_endpoints = ["sqs", "sts", "ecr.api", "ecr.dkr", "logs"]
flow_log_days       = 90
kubernetes_version  = "1.34"
nodes               = { instance_types = ["m7g.large"], min_per_zone = 2, max_per_zone = 10 }

# As listed for Kubernetes 1.34 in 2026; a newer one: aws eks describe-addon-versions --kubernetes-version 1.34
addons = {
  vpc-cni                = "v1.20.4-eksbuild.2"
  kube-proxy             = "v1.34.0-eksbuild.2"
  coredns                = "v1.12.3-eksbuild.1"
  eks-pod-identity-agent = "v1.3.10-eksbuild.2"
  aws-ebs-csi-driver     = "v1.54.0-eksbuild.1"
  metrics-server         = "v0.8.1-eksbuild.1"
}

access = {
  full      = ["arn:aws:iam::333333333333:role/platform"]
  read_only = ["arn:aws:iam::333333333333:role/developer", "arn:aws:iam::333333333333:role/read-only"]
}

hosted_zone_arns = ["arn:aws:route53:::hostedzone/Z0EXAMPLE0PROD"]
