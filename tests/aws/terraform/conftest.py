import os
import pathlib

import pytest
from deployed import Deployed
from stacks import Stacks
from support import moto as emulated
from support.paths import ROOT


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    """The file in which moto writes calls; emptying it starts a new record."""
    return tmp_path_factory.mktemp("moto") / "calls"


@pytest.fixture(scope="module")
def moto(calls):
    """AWS, with its managed policies; it issues certificates at once."""
    settings = {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true", "MOTO_ACM_VALIDATION_WAIT": "0"}
    with emulated.running(region="eu-central-1", MOTO_CALLS=str(calls), **settings) as running:
        yield running


@pytest.fixture(scope="module")
def zips():
    """The folder of the functions' zips."""
    return pathlib.Path(os.environ.get("ROSTER_ZIPS", ROOT / "target/lambda-debug")).resolve()


@pytest.fixture(scope="module")
def stacks(moto, tmp_path_factory, zips):
    return Stacks(tmp_path_factory.mktemp("terraform"), zips)


@pytest.fixture(scope="class")
def deployed(moto, stacks, calls):
    """What the stacks made, while moto enforces its policies."""
    made = Deployed(moto, stacks.output("service"), calls)
    with moto.enforcing():
        calls.write_text("")
        yield made
