# Endpoints of AWS services, which bypass NAT. Those for S3 and DynamoDB are free; the others are billed per hour and
# zone. By default AWS lets them reach resources of every account.

resource "aws_vpc_endpoint" "gateway" {
  for_each = toset(["s3", "dynamodb"])

  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${data.aws_region.this.id}.${each.key}"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = concat([for table in aws_route_table.private : table.id], [aws_route_table.data.id])
  policy            = local.endpoint_policies[each.key]

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = var.interface_endpoints

  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${data.aws_region.this.id}.${each.key}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = [for subnet in aws_subnet.private : subnet.id]
  security_group_ids  = [aws_security_group.endpoints[0].id]
  private_dns_enabled = true
  policy              = lookup(local.endpoint_policies, each.key, null) # not every service has one

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_security_group" "endpoints" {
  count = length(var.interface_endpoints) > 0 ? 1 : 0

  name        = "${var.name}-endpoints"
  description = "HTTPS from the VPC to the interface endpoints"
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-endpoints" }
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  count = length(aws_security_group.endpoints)

  security_group_id = aws_security_group.endpoints[0].id
  description       = "HTTPS from the VPC"
  cidr_ipv4         = var.cidr
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

locals {
  # What AWS sets itself, to remove the limit again: null is "as it is" for the provider.
  any_account = jsonencode({
    Version   = "2008-10-17"
    Statement = [{ Effect = "Allow", Principal = "*", Action = "*", Resource = "*" }]
  })
  # Those through which a compromised pod could send data to another account. The endpoints of ECR and STS carry no data of
  # ours, and are also used for images of AWS, and before there is an identity.
  limited = toset(["s3", "dynamodb", "sqs", "logs"])
  endpoint_policies = { for service in local.limited :
    service => var.own_account_endpoints ? data.aws_iam_policy_document.endpoint[service].json : local.any_account
  }

  # Buckets of others that nodes read, and which have one in each region: layers of ECR's images, packages of Amazon Linux,
  # and layers of registry.k8s.io, which sends clients on AWS there.
  # https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html,
  # https://docs.aws.amazon.com/linux/al2023/ug/al2023-networking.html,
  # https://github.com/kubernetes/k8s.io/tree/main/infra/aws/terraform/registry.k8s.io
  public_buckets = [
    "arn:${data.aws_partition.this.partition}:s3:::prod-${data.aws_region.this.id}-starport-layer-bucket/*",
    "arn:${data.aws_partition.this.partition}:s3:::al2023-repos-${data.aws_region.this.id}-de612dc2/*",
    "arn:${data.aws_partition.this.partition}:s3:::prod-registry-k8s-io-${data.aws_region.this.id}/*",
  ]
}

data "aws_iam_policy_document" "endpoint" {
  # checkov:skip=CKV_AWS_109: an endpoint's policy grants nothing; it limits what the caller's own policies allow
  # checkov:skip=CKV_AWS_111: likewise
  # checkov:skip=CKV_AWS_356: likewise
  for_each = local.limited

  statement {
    sid       = "OwnAccount"
    actions   = ["${each.key}:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }

  dynamic "statement" {
    for_each = each.key == "s3" ? [local.public_buckets] : []

    content {
      sid       = "PublicBuckets"
      actions   = ["s3:GetObject"]
      resources = statement.value

      principals {
        type        = "AWS"
        identifiers = ["*"]
      }
    }
  }
}
