"""Checks invariants of every manifest that the chart renders: `rendered.py FILE...`."""

import ipaddress
import itertools
import sys

import yaml

READ = {"get", "list", "watch"}
# For other subresources even `get` may run a command or open a connection.
READABLE = {"pods/log", "deployments/scale"}
# Writes that give no access to Secrets or service accounts. docs/decisions/0021-roles.md has the proof of each.
WRITES = {
    "pods": {"delete"}, "pods/eviction": {"create"}, "pods/portforward": {"get", "create"},
    "deployments/scale": {"update", "patch"}, "horizontalpodautoscalers": {"update", "patch"},
}
METADATA = [ipaddress.ip_address(it) for it in ("169.254.169.254", "169.254.170.2", "168.63.129.16", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254")]
# Pod Identity's agent serves credentials of the pod's own role, if used.
AGENT = [ipaddress.ip_network(it) for it in ("169.254.170.23/32", "fd00:ec2::23/128")]


def role(manifest):
    """Reads except Secrets, and the writes above."""
    for rule in manifest["rules"]:
        for resource, verb in itertools.product(rule["resources"], rule["verbs"]):
            read = READ if "/" not in resource or resource in READABLE else set()
            if resource in ("secrets", "*") or verb not in read | WRITES.get(resource, set()):
                yield f"{verb} {resource}"


def reaches(block, address):
    return address in ipaddress.ip_network(block["cidr"]) and not any(address in ipaddress.ip_network(it) for it in block.get("except", []))


def network_policy(manifest):
    """No egress to all addresses, or to a metadata service."""
    for rule in manifest["spec"].get("egress", []):
        if not rule.get("to"):
            yield f"egress to every address: {rule}"
        for block in (peer["ipBlock"] for peer in rule.get("to", []) if "ipBlock" in peer):
            if ipaddress.ip_network(block["cidr"]) in AGENT:
                continue
            yield from (f"egress to {address} by {block}" for address in METADATA if reaches(block, address))
    for rule in manifest["spec"].get("ingress", []):
        if not rule.get("from"):
            yield f"ingress from every address: {rule}"


def cron_job(manifest):
    """An unattended sweep never overrides its own refusal."""
    for container in manifest["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]:
        if container["args"] not in (["sweep", "--json"], ["sweep", "--json", "--dry-run"]):
            yield f"args {container['args']}"


RULES = {"Role": role, "NetworkPolicy": network_policy, "CronJob": cron_job}
looked = dict.fromkeys(RULES, 0)
wrong = []
for file in sys.argv[1:]:
    for manifest in filter(None, yaml.safe_load_all(open(file))):
        if kind := RULES.get(manifest["kind"]):
            looked[manifest["kind"]] += 1
            wrong += [f"{file}: {manifest['kind']} {manifest['metadata']['name']}: {what}" for what in kind(manifest)]
if wrong or not all(looked.values()):
    sys.exit("\n".join(wrong) or f"nothing to check: {looked}")
print(", ".join(f"{count} {kind}" for kind, count in looked.items()) + " as expected")
