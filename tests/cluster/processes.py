"""The processes of pods, if the nodes of the cluster are this machine or containers on it."""

import os
import pathlib
import signal


def process_of(pod, program):
    uid = pod["metadata"]["uid"]
    for folder in pathlib.Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if words[0] == program.encode() and uid in (folder / "cgroup").read_text().replace("_", "-"):
                return int(folder.name)
        except OSError:
            pass
    return None


def kill(pod, program="/roster"):
    process = process_of(pod, program)
    assert process, "no process of a pod is visible on this machine"
    os.kill(process, signal.SIGKILL)
