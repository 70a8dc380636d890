"""Findings of checkov and kube-score without a reason in skips.tsv, and rows of it that are not needed.

    findings.py FOLDER, with checkov.json and RELEASE.score of each release
"""

import json
import pathlib
import re
import sys


def checkov(report):
    """Check and object of each failure."""
    for failed in json.loads(report.read_text())["results"]["failed_checks"]:
        kind, *_, name = failed["resource"].split(".")
        yield failed["check_id"], f"{pathlib.Path(failed['file_path']).stem} {kind}/{name}"


def kube_score(report):
    """The same, with None instead of the check if it passed."""
    for scored in json.loads(report.read_text()):
        where = f"{report.stem} {scored['type_meta']['kind']}/{scored['object_meta']['name']}"
        for check in scored["checks"]:
            if not check["skipped"]:
                yield (check["check"]["id"] if check["grade"] < 10 else None), where


folder, table = pathlib.Path(sys.argv[1]), pathlib.Path(__file__).with_name("skips.tsv")
skips = [line.split("\t")[:2] for line in table.read_text().splitlines() if not line.startswith("#")]
unused, wrong, passed = set(map(tuple, skips)), [], 0
scores = [found for report in sorted(folder.glob("*.score")) for found in kube_score(report)]
for check, where in [*checkov(folder / "checkov.json"), *scores]:
    if check is None:
        passed += 1
        continue
    reasons = {(skipped, pattern) for skipped, pattern in skips if skipped == check and re.search(pattern, where)}
    unused -= reasons
    if not reasons:
        wrong.append(f"{check}: {where}")
wrong += [f"{check} {pattern}: nothing fails it: remove its row from skips.tsv" for check, pattern in sorted(unused)]
if wrong or passed < 500:
    sys.exit("\n".join(wrong) or f"kube-score checked too little: {passed}")
print(f"{passed} scores of kube-score, {len(skips)} skips, all needed")
