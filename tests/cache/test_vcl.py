"""The rules of the cache by varnishtest, with a stand-in for the API: a case for each file in vcl/."""

import pathlib
import subprocess

import pytest
from varnish import RULES, required

CASES = sorted((pathlib.Path(__file__).parent / "vcl").glob("*.vtc"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_the_rules_keep_their_promise(case):
    required("varnishd", "varnishtest")
    # Its own limit is 60 s: too short on a busy machine.
    done = subprocess.run(["varnishtest", "-t", "300", "-D", f"vcl={RULES}", case], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-6000:]
