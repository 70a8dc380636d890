"""Writes the tables of inputs and outputs into the READMEs of modules, or with --check lists those that are not up to date.

    ~/.cache/roster/python/checkov/bin/python terraform/checks/docs.py [--check] terraform/modules/*
"""

import json
import pathlib
import re
import sys

import hcl2

MARK = "<!-- inputs and outputs: written by `just tf-docs` -->"


def blocks(file, kind):
    """By name, in the order of the file."""
    return {name: block for one in hcl2.loads(file.read_text()).get(kind, []) for name, block in one.items()}


def text(value):
    """The value in HCL, on one line."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        return re.sub(r"\s+", " ", re.sub(r"^<<-?EOT\n|\n\s*EOT$", "", value)).strip()
    return json.dumps(value)


def default(source, name):
    """As written in the source, since the parser normalizes it."""
    block = re.search(rf'^variable "{name}" \{{\n(.*?)^\}}', source, re.S | re.M).group(1)
    found = re.search(r"^  default +?= (.*?)(?=^  \w|^\n|\Z)", block, re.S | re.M)
    return "required" if not found else f"`{re.sub(chr(92) + 's+', ' ', found.group(1)).strip()}`"


def tables(module):
    variables, outputs = module / "variables.tf", module / "outputs.tf"
    lines = [MARK, "", "| input | meaning | default |", "|---|---|---|"]
    for name, block in blocks(variables, "variable").items():
        lines.append(f"| `{name}` | {text(block['description'])} | {default(variables.read_text(), name)} |")
    lines += ["", "| output | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {text(block['description'])} |" for name, block in blocks(outputs, "output").items()]
    return "\n".join(lines).replace("|---|", "|---|") + "\n"


check = sys.argv[1] == "--check"
old = []
for module in map(pathlib.Path, sys.argv[1 + check :]):
    readme = module / "README.md"
    before = readme.read_text()
    head = before.split(MARK)[0].rstrip("\n")
    after = f"{head}\n\n{tables(module)}"
    if before != after:
        old.append(str(readme))
        if not check:
            readme.write_text(after)
if check and old:
    sys.exit("out of date, run `just tf-docs`: " + ", ".join(old))
