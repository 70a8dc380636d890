"""The chart on the running cluster of KUBECONFIG: `python3 .ci/e2e [short|long|TOPIC...]`, all topics by default (just e2e)."""

import importlib
import sys
import time

from cluster import remove_all

SHORT = ["objects", "access", "sqlite", "network", "identity", "settings", "rollout"]
# These wait for the cluster to scale, and to replace killed pods.
LONG = ["killed", "worker", "scaling"]
TOPICS = SHORT + LONG

wanted = {"": TOPICS, "short": SHORT, "long": LONG}.get(" ".join(sys.argv[1:]), sys.argv[1:])
if unknown := set(wanted) - set(TOPICS):
    sys.exit(f"e2e: unknown topic {', '.join(unknown)}; available: {', '.join(TOPICS)}")
remove_all()
for topic in wanted:
    print(f"{topic}: {importlib.import_module(topic).__doc__}", flush=True)
    start = time.monotonic()
    importlib.import_module(topic).main()
    print(f"{time.monotonic() - start:5.0f} s  {topic}", flush=True)
remove_all()
