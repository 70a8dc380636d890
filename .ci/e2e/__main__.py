"""The chart on the running cluster of KUBECONFIG: `python3 .ci/e2e [TOPIC...]`, all topics where none is named (just e2e)."""

import importlib
import sys
import time

from cluster import remove_all

TOPICS = ["objects", "access", "sqlite", "network", "identity", "settings", "rollout", "killed", "worker", "scaling"]

wanted = sys.argv[1:] or TOPICS
if unknown := set(wanted) - set(TOPICS):
    sys.exit(f"e2e: no topic {', '.join(unknown)}: there are {', '.join(TOPICS)}")
remove_all()
for topic in wanted:
    print(f"{topic}: {importlib.import_module(topic).__doc__}", flush=True)
    start = time.monotonic()
    importlib.import_module(topic).main()
    print(f"{time.monotonic() - start:5.0f} s  {topic}", flush=True)
remove_all()
