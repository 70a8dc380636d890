output "vpc_id" {
  description = "Id of the VPC."
  value       = aws_vpc.this.id
}

output "public_subnet_ids" {
  description = "Ids of the subnets of load balancers, by zone."
  value       = { for zone, subnet in aws_subnet.public : zone => subnet.id }
}

output "private_subnet_ids" {
  description = "Ids of the subnets of nodes, by zone."
  value       = { for zone, subnet in aws_subnet.private : zone => subnet.id }
}

output "data_subnet_ids" {
  description = "Ids of the subnets of data, by zone."
  value       = { for zone, subnet in aws_subnet.data : zone => subnet.id }
}

output "nat_addresses" {
  description = "Addresses that the VPC's own requests come from, for others' allow-lists."
  value       = [for address in aws_eip.nat : address.public_ip]
}
