"""Programs that the suite starts."""

import json
import os
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).parent
CACHE = pathlib.Path(os.environ.get("ROSTER_CACHE", pathlib.Path.home() / ".cache/roster"))
BROWSERS = {"chrome": ("chromium", "google-chrome"), "firefox": ("firefox-esr", "firefox")}


def node(script, *arguments):
    """What a script prints as JSON."""
    environment = {**os.environ, "NODE_PATH": str(CACHE / "http-clients/node_modules")}
    run = subprocess.run(["node", HERE / script, *arguments], env=environment, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def in_browser(browser, script, *arguments):
    """The same for a script that uses a browser."""
    program = next(filter(None, map(shutil.which, BROWSERS[browser])), None)
    assert program, f"none of {BROWSERS[browser]} is installed"
    return node(script, browser, program, *arguments)
