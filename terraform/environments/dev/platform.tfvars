ephemeral           = true
cidr                = "10.10.0.0/16"
zones               = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
nat                 = "one"
flow_log_days       = 7
kubernetes_version  = "1.34"
public_access_cidrs = ["203.0.113.0/24"]
nodes               = { instance_types = ["t4g.large", "m7g.large"], spot = true }

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
  full      = ["arn:aws:iam::111111111111:role/platform"]
  developer = ["arn:aws:iam::111111111111:role/developer"]
  read_only = ["arn:aws:iam::111111111111:role/read-only"]
}
