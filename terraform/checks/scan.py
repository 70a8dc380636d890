#!/usr/bin/env python3
"""Runs all checks of checkov on terraform/: failures must be in checkov.yaml with a reason, and each entry there must still fail.

    checks/scan.py        in the folder terraform/
"""

import json
import os
import pathlib
import re
import subprocess
import sys

checkov = pathlib.Path(os.path.expanduser(os.environ.get("ROSTER_CACHE", "~/.cache/roster"))) / "python/checkov/bin/checkov"
listed = set(re.findall(r"^  - (CKV\w+) +# \S", (pathlib.Path(__file__).parent / "checkov.yaml").read_text(), re.M))
answer = subprocess.run(
    [checkov, "--directory", ".", "--framework", "terraform", "--skip-path", "tests/before", "--skip-path", "examples", "--skip-download", "--output", "json", "--compact"],
    stdout=subprocess.PIPE, text=True,
).stdout
report = json.loads(answer)
failed = report["results"]["failed_checks"]
wrong = [
    f"{one['check_id']} {one['check_name']}: {one['resource']} in {one['file_path']}:{one['file_line_range'][0]}"
    for one in failed if one["check_id"] not in listed
]
wrong += [f"{check} no longer fails: remove it from checkov.yaml" for check in sorted(listed - {one["check_id"] for one in failed})]
if not report["summary"]["passed"]:
    wrong.append("checkov checked nothing")
if wrong:
    sys.exit("\n".join(wrong))
print(f"{report['summary']['passed']} checks of checkov passed, {len(failed)} failures of {len(listed)} checks are skipped with a reason")
