cidr                  = "10.20.0.0/16"
zones                 = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
own_account_endpoints = true
kubernetes_version    = "1.36" # standard support until 2027-08-02
public_access_cidrs   = ["203.0.113.0/24"]

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
  full      = ["arn:aws:iam::222222222222:role/platform"]
  developer = ["arn:aws:iam::222222222222:role/developer"]
  read_only = ["arn:aws:iam::222222222222:role/read-only"]
}
