"""The rules of the PrometheusRules in files of manifests, which must be the same, as promtool reads them."""

import json
import sys

import yaml

manifests = [manifest for file in sys.argv[1:] for manifest in yaml.safe_load_all(open(file)) if manifest]
rules = {json.dumps(manifest["spec"]) for manifest in manifests if manifest["kind"] == "PrometheusRule"}
if len(rules) != 1:
    sys.exit(f"{len(rules)} different PrometheusRules, expected one")
print(*rules)
