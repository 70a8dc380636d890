"""The rules of the cache by varnishtest, with a stand-in for the API: a case for each file in vcl/; and the arguments of Varnish."""

import pathlib
import re
import subprocess

import pytest
from support.paths import ROOT
from varnish import CHART, parameters, required, write_rules

CASES = sorted((pathlib.Path(__file__).parent / "vcl").glob("*.vtc"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_the_rules_keep_their_promise(case, tmp_path):
    required("varnishd", "varnishtest")
    write_rules(tmp_path)
    # Its own limit is 60 s: too short on a busy machine.
    define = ["-D", f"vcl={tmp_path}", "-D", f"parameters={' '.join(parameters())}"]
    done = subprocess.run(["varnishtest", "-t", "300", *define, case], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-6000:]


def test_compose_has_the_parameters_of_the_chart():
    service = re.search(r"^  cache:\n(.*?)\n\n", (ROOT / "docker-compose.yml").read_text(), re.MULTILINE | re.DOTALL)[1]
    chart = {line for line in (CHART / "parameters").read_text().splitlines() if line and not line.startswith("#")}
    assert set(re.findall(r"-p, ([^],\s]+)", service)) == chart | {"vcl_path=/etc/varnish"}
