"""The chart on the running cluster of KUBECONFIG: a file for each topic (just e2e)."""

import time

import pytest
from cluster import remove_all


@pytest.fixture(scope="session", autouse=True)
def nothing_else(request):
    """No namespace of another run; what a failed test leaves stays, to be looked at."""
    remove_all()
    yield
    if not request.session.testsfailed:
        remove_all()


@pytest.fixture(autouse=True)
def topic(request):
    name = request.path.stem.removeprefix("test_")
    print(f"\n{name}: {request.module.__doc__}", flush=True)
    start = time.monotonic()
    yield
    print(f"{time.monotonic() - start:5.0f} s  {name}", flush=True)
