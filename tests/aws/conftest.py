import pytest
from support import moto as emulated


@pytest.fixture(scope="module")
def moto():
    """AWS, emptied for each file."""
    with emulated.running() as running:
        yield running
