output "name" {
  description = "Name of the cluster, for `aws eks update-kubeconfig`."
  value       = aws_eks_cluster.this.name
}

output "arn" {
  description = "ARN of the cluster."
  value       = aws_eks_cluster.this.arn
}

output "version" {
  description = "Minor version of Kubernetes."
  value       = aws_eks_cluster.this.version
}

output "endpoint" {
  description = "URL of the Kubernetes API."
  value       = aws_eks_cluster.this.endpoint
}

output "certificate_authority" {
  description = "Certificate authority of the Kubernetes API, PEM in base64."
  value       = aws_eks_cluster.this.certificate_authority[0].data
}

output "oidc_provider" {
  description = "ARN of the OIDC provider in IAM, and its issuer's URL without `https://`, for IRSA."
  value = {
    arn    = aws_iam_openid_connect_provider.this.arn
    issuer = trimprefix(aws_eks_cluster.this.identity[0].oidc[0].issuer, "https://")
  }
}

output "security_group_id" {
  description = "Id of the security group that EKS gives to the control plane and the nodes."
  value       = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
}

output "controller_role_arns" {
  description = "ARNs of the controllers' roles by controller, for the annotations of their service accounts."
  value       = { for name, identity in module.controller : name => identity.role_arn }
}

output "node_role_arn" {
  description = "ARN of the nodes' role."
  value       = aws_iam_role.node.arn
}

output "node_group_names" {
  description = "Names of the node groups by zone, with the suffixes that AWS gives them."
  value       = { for zone, group in aws_eks_node_group.this : zone => group.node_group_name }
}

output "node_architecture" {
  description = "Architecture of the nodes, as that of images: `arm64` or `amd64`."
  value       = var.nodes.architecture == "arm64" ? "arm64" : "amd64"
}
