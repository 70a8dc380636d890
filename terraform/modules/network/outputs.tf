output "vpc_id" {
  description = "Id of the VPC."
  value       = aws_vpc.this.id
}

output "public_subnet_ids" {
  description = "Ids of the subnets for load balancers, by zone."
  value       = { for zone, subnet in aws_subnet.public : zone => subnet.id }
}

output "private_subnet_ids" {
  description = "Ids of the subnets for nodes, by zone."
  value       = { for zone, subnet in aws_subnet.private : zone => subnet.id }
}

output "data_subnet_ids" {
  description = "Ids of the subnets for data, by zone."
  value       = { for zone, subnet in aws_subnet.data : zone => subnet.id }
}

output "nat_addresses" {
  description = "Source addresses of requests from the VPC, for allow-lists of others."
  value       = [for address in aws_eip.nat : address.public_ip]
}

output "cidr" {
  description = "CIDR of the VPC."
  value       = aws_vpc.this.cidr_block
}

output "public_subnet_cidrs" {
  description = "CIDRs of the subnets for load balancers, by zone: where requests to pods come from."
  value       = { for zone, subnet in aws_subnet.public : zone => subnet.cidr_block }
}

output "private_subnet_cidrs" {
  description = "CIDRs of the subnets for nodes, by zone."
  value       = { for zone, subnet in aws_subnet.private : zone => subnet.cidr_block }
}

output "route_table_ids" {
  description = "Ids of the route tables: `public`, `data`, and of each zone's private subnet."
  value = merge({ public = aws_route_table.public.id, data = aws_route_table.data.id }, {
    for zone, table in aws_route_table.private : zone => table.id
  })
}
