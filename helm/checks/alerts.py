"""The rules of the one PrometheusRule in files of manifests, as promtool reads them."""

import json
import sys

import yaml

manifests = [manifest for file in sys.argv[1:] for manifest in yaml.safe_load_all(open(file)) if manifest]
rules = [manifest for manifest in manifests if manifest["kind"] == "PrometheusRule"]
if len(rules) != 1:
    sys.exit(f"{len(rules)} PrometheusRules, expected one")
print(json.dumps(rules[0]["spec"]))
