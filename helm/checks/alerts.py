"""The rules of the PrometheusRules in files of manifests, as promtool reads them: the same in each, with those of the cache or without."""

import json
import sys

import yaml

manifests = [manifest for file in sys.argv[1:] for manifest in yaml.safe_load_all(open(file)) if manifest]
rules = {json.dumps(manifest["spec"]) for manifest in manifests if manifest["kind"] == "PrometheusRule"}
by_size = sorted(rules, key=len)
alerts = [[rule for group in json.loads(rule)["groups"] for rule in group["rules"]] for rule in by_size]
if len(rules) != 2 or [rule for rule in alerts[1] if "Cache" not in rule["alert"] or rule in alerts[0]] != alerts[0]:
    sys.exit(f"{len(rules)} different PrometheusRules, expected one without the cache and one with it")
print(by_size[1])
