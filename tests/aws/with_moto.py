"""Runs a command with AWS emulated by moto, which it finds by AWS_ENDPOINT_URL. Everything in it is gone when the command ends.

    ~/.cache/roster/python/tests/bin/python tests/aws/with_moto.py COMMAND [ARGUMENT...]
"""

import pathlib
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import moto

with moto.running():
    # Ctrl-C is for the command, which still needs moto to stop cleanly.
    signal.signal(signal.SIGINT, lambda *_: None)
    status = subprocess.run(sys.argv[1:]).returncode
    if status != 0:
        sys.exit(status)
