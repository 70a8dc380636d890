#!/usr/bin/env python3
"""Prints the line coverage of the tests by crate, and fails if that of shared/ is below the limit.

    tools/coverage/report.py target/coverage/report.json     as tools/coverage/run writes it
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

LIMIT = 92
# These are test code themselves.
TESTS = {"shared/emulator", "shared/runtime-api"}

[report] = json.loads(Path(sys.argv[1]).read_text())["data"]
root = Path.cwd()
crates: dict[str, list[int]] = defaultdict(lambda: [0, 0])
for file in report["files"]:
    path = Path(file["filename"])
    if not path.is_relative_to(root):
        continue
    group, crate, folder, *rest = path.relative_to(root).parts
    if group not in {"shared", "functions"} or folder != "src" or f"{group}/{crate}" in TESTS or rest[0] == "conformance":
        continue
    for name in (f"{group}/{crate}", f"{group}/ in all"):
        crates[name][0] += file["summary"]["lines"]["covered"]
        crates[name][1] += file["summary"]["lines"]["count"]

for name, (covered, coverable) in sorted(crates.items()):
    print(f"{name:24} {covered:6} of {coverable:6} lines {100 * covered / max(coverable, 1):6.1f} %")

covered, coverable = crates["shared/ in all"]
if not coverable or 100 * covered / coverable < LIMIT:
    sys.exit(f"line coverage of shared/ is below {LIMIT} %")
