"""Docker's command line."""

import os
import subprocess

from support.paths import ROOT


def docker(*arguments, check=True, timeout=1200, **variables):
    """Runs a command; fails with what it printed."""
    done = subprocess.run(["docker", *arguments], cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True, timeout=timeout)
    if check:
        assert done.returncode == 0, f"docker {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-6000:]}"
    return done


def printed(*arguments, **how):
    """What it prints to standard output."""
    return docker(*arguments, **how).stdout.strip()
