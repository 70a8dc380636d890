"""The rules of the PrometheusRules in files of manifests, as promtool reads them: the basic ones, the same in each, and those of the cache and of the database."""

import json
import sys

import yaml

manifests = [manifest for file in sys.argv[1:] for manifest in yaml.safe_load_all(open(file)) if manifest]
rules = {json.dumps(manifest["spec"]) for manifest in manifests if manifest["kind"] == "PrometheusRule"}
groups = [json.loads(rule)["groups"][0] for rule in sorted(rules, key=len)]
basic = groups[0]["rules"]
further = [[rule for rule in group["rules"] if rule not in basic] for group in groups[1:]]
if len(groups) != 3 or any(len(group["rules"]) != len(basic) + len(own) for group, own in zip(groups[1:], further)):
    sys.exit(f"{len(groups)} different PrometheusRules, expected one with the basic alerts, and two with those and the alerts of the cache or the database")
print(json.dumps({"groups": [{**groups[0], "rules": sum(further, basic)}]}))
