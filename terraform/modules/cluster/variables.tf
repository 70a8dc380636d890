variable "name" {
  description = "Name of the cluster, and prefix of the names of roles."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,31}$", var.name))
    error_message = "name must be 2 to 32 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "kubernetes_version" {
  description = "Minor version of Kubernetes, such as `1.36`. Upgrade one version at a time, add-ons first: docs/terraform.md."
  type        = string

  validation {
    condition     = can(regex("^1\\.[0-9]{2}$", var.kubernetes_version))
    error_message = "kubernetes_version must be a minor version such as 1.36."
  }
}

variable "subnet_ids" {
  description = "Ids of private subnets by zone, for the control plane's interfaces and the nodes."
  type        = map(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids must be in at least two zones."
  }
}

variable "public_access_cidrs" {
  description = "Networks that may reach the Kubernetes API over the internet; empty for access only from the VPC."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for cidr in var.public_access_cidrs : can(cidrhost(cidr, 0)) && !endswith(cidr, "/0")])
    error_message = "public_access_cidrs must be networks such as 203.0.113.0/24, but not the whole internet."
  }
}

variable "api_client_cidrs" {
  description = "Private networks that may reach the Kubernetes API in the VPC, such as that of a VPN, a peered VPC or a runner; nodes always may."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for cidr in var.api_client_cidrs : can(cidrhost(cidr, 0)) && !endswith(cidr, "/0")])
    error_message = "api_client_cidrs must be networks such as 10.100.0.0/16, but not every address."
  }
}

variable "volume_tags" {
  description = "Tags of the volumes of claims, besides those of the provider: for example, by which backups select them."
  type        = map(string)
  default     = {}
}

variable "key_arn" {
  description = "ARN of the KMS key that encrypts Kubernetes Secrets. It cannot be changed later."
  type        = string

  validation {
    condition     = can(regex("^arn:[^:]+:kms:", var.key_arn))
    error_message = "key_arn must be the ARN of a KMS key."
  }
}

variable "nodes" {
  description = "The nodes: architecture of AMI and images, instance types, number per zone, disk in GiB, whether to use Spot instances, release of the AMI (null: AWS's newest at each plan, so that any apply may replace nodes; set it in prod), and whether Session Manager can connect to them."
  type = object({
    architecture    = optional(string, "arm64")
    instance_types  = optional(list(string), ["m7g.large"])
    min_per_zone    = optional(number, 1)
    max_per_zone    = optional(number, 4)
    disk_gib        = optional(number, 50)
    spot            = optional(bool, false)
    release_version = optional(string)
    session_manager = optional(bool, false)
  })
  default = {}

  validation {
    condition     = contains(["arm64", "x86_64"], var.nodes.architecture)
    error_message = "nodes.architecture must be arm64 or x86_64."
  }

  validation {
    condition     = var.nodes.min_per_zone >= 1 && var.nodes.max_per_zone >= var.nodes.min_per_zone
    error_message = "nodes.min_per_zone must be at least 1, and max_per_zone at least min_per_zone."
  }

  validation {
    condition     = var.nodes.release_version == null || can(regex("^1\\.[0-9]{2}\\.[0-9]+-[0-9]{8}$", var.nodes.release_version))
    error_message = "nodes.release_version must be the release of an AMI such as 1.36.3-20260903, or null."
  }

  validation {
    condition     = var.nodes.release_version == null || startswith(coalesce(var.nodes.release_version, "-"), "${var.kubernetes_version}.")
    error_message = "nodes.release_version must be a release of kubernetes_version: raise both."
  }
}

variable "addons" {
  description = "Add-ons and their versions, as `aws eks describe-addon-versions --kubernetes-version 1.36` lists them."
  type        = map(string)

  validation {
    condition     = alltrue([for version in var.addons : can(regex("^v[0-9]+\\.[0-9]+\\.[0-9]+-eksbuild\\.[0-9]+$", version))])
    error_message = "addons must have full versions such as v1.22.4-eksbuild.3."
  }

  validation {
    condition     = length(var.addons) == 0 || length(setsubtract(["vpc-cni", "kube-proxy", "coredns", "eks-pod-identity-agent"], keys(var.addons))) == 0
    error_message = "addons must contain vpc-cni, kube-proxy, coredns and eks-pod-identity-agent: EKS installs none itself, and without them nodes do not become ready. If something else installs them all, addons must be {}."
  }
}

variable "access" {
  description = "ARNs of IAM roles: with full access, with the rights that the chart gives developers in its namespace, and with read-only access."
  type = object({
    full      = optional(list(string), [])
    developer = optional(list(string), [])
    read_only = optional(list(string), [])
  })
  default = {}

  validation {
    condition = alltrue([
      for arn in concat(var.access.full, var.access.developer, var.access.read_only) : can(regex("^arn:[^:]+:iam::[0-9]{12}:(role|user)/", arn))
    ])
    error_message = "access must be ARNs of IAM roles or users."
  }
}

# Not strict by default: then a pod without a policy has no network access, and CoreDNS, the volume drivers and the
# controllers have none.
# https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy-configure.html
variable "network_policy_mode" {
  description = "Traffic of a pod in the seconds before its NetworkPolicies are in force: `standard` allows all, `strict` none. `strict` requires a policy for every pod of the cluster, including those of kube-system."
  type        = string
  default     = "standard"

  validation {
    condition     = contains(["standard", "strict"], var.network_policy_mode)
    error_message = "network_policy_mode must be standard or strict."
  }
}

variable "hosted_zone_arns" {
  description = "ARNs of the Route 53 zones that external DNS and cert-manager may change; empty for none."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.hosted_zone_arns : can(regex("^arn:[^:]+:route53:::hostedzone/[A-Z0-9]+$", arn))])
    error_message = "hosted_zone_arns must be ARNs of hosted zones, without wildcards."
  }
}

variable "log_retention_days" {
  description = "Retention of the control plane's logs, in days."
  type        = number
  default     = 90
}

variable "logs_key_arn" {
  description = "ARN of the KMS key that encrypts the logs; its policy must let CloudWatch Logs use it. Null for CloudWatch's own."
  type        = string
  default     = null
}

variable "permissions_boundary" {
  description = "ARN of the permissions boundary of each role created here; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:[^:]+:iam::([0-9]{12}|aws):policy/[^*]+$", var.permissions_boundary))
    error_message = "permissions_boundary must be the ARN of one IAM policy."
  }
}

variable "role_path" {
  description = "IAM path of each role created here. Set it before the first apply: IAM cannot change it, and a role of the same name blocks a new one."
  type        = string
  default     = "/"

  validation {
    condition     = can(regex("^/([a-zA-Z0-9+=,.@_-]+/)*$", var.role_path))
    error_message = "role_path must begin and end with a slash, such as / or /teams/roster/."
  }
}
