"""Checks that every validation of a variable is tested with a value that it refuses, and that its message names the variable.

    ~/.cache/roster/python/checkov/bin/python terraform/checks/refusals.py terraform/modules/* terraform/stacks/*
"""

import pathlib
import re
import sys

import hcl2

folders = [pathlib.Path(folder) for folder in sys.argv[1:]]
tried = {folder: " ".join(test.read_text() for test in folder.glob("tests/*.tftest.hcl")) for folder in folders}
wrong, seen = [], 0
for folder in folders:
    for file in folder.glob("*variables.tf"):
        # Variables of all stacks are tested in one of them.
        tests = " ".join(tried.values()) if file.name == "common_variables.tf" else tried[folder]
        for one in hcl2.loads(file.read_text()).get("variable", []):
            for name, variable in one.items():
                refusals = len(re.findall(rf"expect_failures = \[var\.{name}\]", tests))
                validations = variable.get("validation", [])
                seen += len(validations)
                if refusals < len(validations):
                    wrong.append(f"{folder}: {name} has {len(validations)} validations, but {refusals} tests in which one fails")
                for validation in validations:
                    [message] = [validation["error_message"]] if isinstance(validation["error_message"], str) else validation["error_message"]
                    if not message.startswith(name) or not message.endswith("."):
                        wrong.append(f"{folder}: a message of {name} does not begin with its name, or is not a sentence: {message}")
if not seen:
    sys.exit("refusals: no validations found")
if wrong:
    sys.exit("\n".join(wrong))
print(f"{seen} validations have tests, and messages that name their variable")
