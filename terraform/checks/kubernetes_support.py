"""How long EKS supports the versions of environments/*/platform.tfvars, from the date in the comment of each."""

import datetime
import re
from dataclasses import dataclass

# EKS upgrades the control plane itself once standard support has ended (upgrade_policy in modules/cluster), and every plan then
# proposes a downgrade. Upgrading three environments one by one, each by one minor version, takes some weeks: the warning starts
# 120 days before. CI fails only in the last 14, when too little time is left: a commit that is unrelated to Kubernetes must not
# fail without months of warning.
WARN_DAYS = 120
FAIL_DAYS = 14

VERSION = re.compile(r'^kubernetes_version *= *"(?P<version>1\.\d+)"(?P<rest>.*)$', re.M)
DATE = re.compile(r"# standard support until (\d{4}-\d{2}-\d{2})$")
ADDONS = re.compile(r"^addons *= *\{\n(.*?)^\}", re.S | re.M)
ADDON = re.compile(r'^ *([a-z0-9-]+) *= *"([^"]+)"', re.M)


@dataclass
class Environment:
    name: str
    version: str
    support_ends: datetime.date
    addons: dict


def parse(name, text):
    """The version, its date and the add-ons of an environment; ValueError where one is missing."""
    found = VERSION.search(text)
    if not found:
        raise ValueError(f"{name}: no kubernetes_version")
    date = DATE.search(found["rest"])
    if not date:
        raise ValueError(f'{name}: kubernetes_version {found["version"]} must be followed by "# standard support until YYYY-MM-DD"')
    addons = ADDONS.search(text)
    return Environment(
        name, found["version"], datetime.date.fromisoformat(date[1]), dict(ADDON.findall(addons[1])) if addons else {}
    )


def judge(environments, today, fail_days=FAIL_DAYS):
    """(warnings, errors) of all environments on a day."""
    warnings, errors = [], []
    written = {}
    for one in environments:
        other = written.setdefault(one.version, one)
        if other.support_ends != one.support_ends:
            errors.append(f"{one.name} and {other.name} differ in the end of support of Kubernetes {one.version}")
        days = (one.support_ends - today).days
        if days > WARN_DAYS:
            continue
        when = f"ended {-days} days ago" if days < 0 else f"ends in {days} days"
        message = (
            f"{one.name}: EKS's standard support of Kubernetes {one.version} {when} ({one.support_ends}), and EKS then upgrades "
            'the cluster by itself. Raise kubernetes_version: docs/terraform.md, "Kubernetes and its add-ons"'
        )
        (errors if days <= fail_days else warnings).append(message)
    return warnings, errors


def compare(environment, cluster_versions, addon_versions):
    """Differences from AWS. Both responses as from `aws eks describe-cluster-versions` and `describe-addon-versions`."""
    wrong = []
    known = {one["clusterVersion"]: one for one in cluster_versions["clusterVersions"]}
    version = known.get(environment.version)
    if version is None:
        return [f"{environment.name}: EKS does not offer Kubernetes {environment.version}"]
    if version.get("versionStatus") != "STANDARD_SUPPORT":
        wrong.append(f"{environment.name}: Kubernetes {environment.version} is {version.get('versionStatus')}")
    # AWS's dates are in UTC; the command line shows them in the local time zone.
    ends = datetime.datetime.fromisoformat(version["endOfStandardSupportDate"]).astimezone(datetime.timezone.utc).date()
    if ends != environment.support_ends:
        wrong.append(f"{environment.name}: support of Kubernetes {environment.version} ends on {ends}, not on {environment.support_ends}")
    offered = {one["addonName"]: [version["addonVersion"] for version in one["addonVersions"]] for one in addon_versions["addons"]}
    for name, pinned in environment.addons.items():
        if pinned not in offered.get(name, []):
            newest = ", ".join(offered.get(name, [])[:3]) or "none"
            wrong.append(f"{environment.name}: {name} {pinned} is not offered for Kubernetes {environment.version}; offered: {newest}")
    return wrong
