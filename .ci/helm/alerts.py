"""The rules of the PrometheusRule in a file of manifests, as promtool reads them."""

import json
import sys

import yaml

rules = [manifest for manifest in yaml.safe_load_all(open(sys.argv[1])) if manifest and manifest["kind"] == "PrometheusRule"]
if len(rules) != 1:
    sys.exit(f"{len(rules)} PrometheusRules, where one was expected")
print(json.dumps(rules[0]["spec"]))
