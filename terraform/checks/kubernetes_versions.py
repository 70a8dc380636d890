#!/usr/bin/env python3
"""Does EKS still support the Kubernetes versions of all environments, and for how long?

    terraform/checks/kubernetes_versions.py                 from the dates in the comments; part of `just tf-check`
    terraform/checks/kubernetes_versions.py --aws           the same with AWS's own lists, for versions of add-ons too; needs the AWS command line
    terraform/checks/kubernetes_versions.py --fail-days N   fails if fewer than N days are left
"""

import argparse
import datetime
import json
import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
import kubernetes_support as support

arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("--aws", action="store_true")
arguments.add_argument("--fail-days", type=int, default=support.FAIL_DAYS)
arguments.add_argument("--today", type=datetime.date.fromisoformat, default=datetime.datetime.now(datetime.timezone.utc).date())
options = arguments.parse_args()


def eks(*command):
    return json.loads(subprocess.run(["aws", "eks", *command, "--output", "json"], check=True, stdout=subprocess.PIPE).stdout)


folder = pathlib.Path(__file__).resolve().parents[1] / "environments"
files = sorted(folder.glob("*/platform.tfvars"))
if not files:
    sys.exit(f"no platform.tfvars in {folder}")
try:
    environments = [support.parse(file.parent.name, file.read_text()) for file in files]
except ValueError as error:
    sys.exit(str(error))
warnings, errors = support.judge(environments, options.today, options.fail_days)
if options.aws:
    for one in environments:
        errors += support.compare(
            one,
            eks("describe-cluster-versions", "--cluster-versions", one.version),
            eks("describe-addon-versions", "--kubernetes-version", one.version),
        )

annotate = bool(os.environ.get("GITHUB_ACTIONS"))
for kind, messages in (("warning", warnings), ("error", errors)):
    for message in messages:
        # Annotations are shown on the pull request, not only in the log.
        print(f"::{kind}::{message}" if annotate else f"{kind.upper()}: {message}", flush=True)
if errors:
    sys.exit(1)
for one in environments:
    print(f"{one.name}: Kubernetes {one.version}, {(one.support_ends - options.today).days} days of standard support left")
