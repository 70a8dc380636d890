"""Values of the chart that must agree with Terraform's."""

import ipaddress
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_the_load_balancer_of_dev_reaches_the_pods():
    """An ALB connects from the public subnets. modules/network takes them from the last quarter of the VPC."""
    [cidr] = re.findall(r'^cidr += "(.*)"', (ROOT / "terraform/environments/dev/platform.tfvars").read_text(), re.M)
    last_quarter = list(ipaddress.ip_network(cidr).subnets(prefixlen_diff=2))[3]
    public = list(last_quarter.subnets(prefixlen_diff=6))[:3]
    values = re.sub(r"#.*", "", (ROOT / "helm/values/eks.yaml").read_text())
    clients = [ipaddress.ip_network(one) for one in re.findall(r"ipBlock: \{ cidr: ([0-9./]+)", values)]
    assert clients and all(any(subnet.subnet_of(client) for client in clients) for subnet in public), f"{public} are not in {clients}"
    assert all(client.subnet_of(ipaddress.ip_network(cidr)) for client in clients), f"{clients} are not in the VPC {cidr}"
