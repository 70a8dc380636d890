"""Checks that every role has the given boundary and path, through all modules and stacks, and that every trust of a service has a condition.

    ~/.cache/roster/python/checkov/bin/python terraform/checks/boundaries.py terraform/modules/* terraform/stacks/*
"""

import pathlib
import sys

import hcl2

PATH = "${var.role_path}"
GIVEN = ("${var.permissions_boundary}", "${var.ci_permissions_boundary}")


def plain(value):
    """Some versions of the parser wrap each value in a list."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def parsed(folder):
    return [hcl2.loads(file.read_text()) for file in sorted(folder.glob("*.tf"))]


folders = {folder.resolve(): parsed(folder) for folder in map(pathlib.Path, sys.argv[1:])}
takers = {
    folder for folder, files in folders.items() if any("permissions_boundary" in one for file in files for one in file.get("variable", []))
}
wrong, roles, calls, trusts = [], 0, 0, 0
for folder, files in folders.items():
    for file in files:
        for resource in file.get("resource", []):
            for name, role in resource.get("aws_iam_role", {}).items():
                roles += 1
                if plain(role.get("permissions_boundary")) not in GIVEN:
                    wrong.append(f"{folder}: the role {name} has no permissions_boundary")
                if plain(role.get("path")) != PATH:
                    wrong.append(f"{folder}: the role {name} has no path")
        for module in file.get("module", []):
            for name, call in module.items():
                if (folder / plain(call["source"])).resolve() in takers:
                    calls += 1
                    if plain(call.get("permissions_boundary")) not in GIVEN:
                        wrong.append(f"{folder}: the module {name} does not get permissions_boundary")
                    if plain(call.get("role_path")) != PATH:
                        wrong.append(f"{folder}: the module {name} does not get role_path")
        for data in file.get("data", []):
            for name, document in data.get("aws_iam_policy_document", {}).items():
                for statement in document.get("statement", []):
                    principals = str(statement.get("principals", ""))
                    if "sts:AssumeRole" in str(statement.get("actions")) and "Service" in principals:
                        trusts += 1
                        if "aws:SourceAccount" not in str(statement):
                            wrong.append(f"{folder}: the trust policy {name} allows a service of any account")
if not (roles and calls and trusts):
    sys.exit(f"boundaries: found {roles} roles, {calls} module calls and {trusts} trust policies: one kind is missing")
if wrong:
    sys.exit("\n".join(wrong))
print(f"{roles} roles and {calls} module calls pass boundary and path on; {trusts} trust policies of services are restricted to this account")
