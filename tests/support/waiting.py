"""Waiting for a condition, with a deadline."""

import time


def until(what, holds, seconds=120, pause=0.2):
    """The first true value of `holds()`; fails with `what` if there is none in time."""
    deadline = time.monotonic() + seconds
    while not (value := holds()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(pause)
    return value
