"""Runs the containers like pods: with a projected token of their service account, by which they assume their role."""

import os
import re

from support import roster
from tokens import token

# Commands that are no data tools: they run as another part, or without a store.
OTHERS = {"serve", "worker", "health", "openapi", "help"}


def data_tools(*command):
    """The commands for operators, each as a tuple of words, by the help of the program."""
    help = roster.run(*command, "--help", environment={"PATH": os.environ["PATH"]}).stdout
    listed = re.search(r"^Commands:\n((?:  .*\n)+)", help, re.M)
    if not listed:
        return {command}
    names = set(re.findall(r"^  ([a-z]+)  ", listed[1], re.M)) - OTHERS
    return set().union(*(data_tools(*command, name) for name in names))


class Pods:
    def __init__(self, deployed, folder):
        self.settings, self.role_arns, self.folder = deployed.settings, deployed.outputs["pod_role_arns"], folder
        self.logs, self.ran = 0, set()

    def environment(self, account, further=None):
        file = self.folder / f"{account}.token"
        file.write_text(token(f"system:serviceaccount:roster:roster-{account}"))
        return {
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"],
            "AWS_REGION": os.environ["AWS_REGION"],
            "AWS_ROLE_ARN": self.role_arns[account],
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(file),
            **self.settings,
            **roster.LOOPBACK,
            "ROSTER_LOG": "json",
            **(further or {}),
        }

    def log(self):
        self.logs += 1
        return self.folder / f"{self.logs}.log"

    def serve(self, further=None):
        return roster.Api("--no-worker", environment=self.environment("api", further), log=self.log())

    def worker(self, further=None):
        return roster.Process("worker", environment=self.environment("worker", further), log=self.log())

    def run(self, *arguments):
        """Runs a data tool; returns its output."""
        self.ran.update(arguments[:words] for words in (1, 2))
        done = roster.run(*arguments, environment=self.environment("operator"))
        assert done.returncode in (0, 1), f"roster {' '.join(arguments)} ended with {done.returncode}: {done.stderr}"
        return done.stdout.strip()

    def ran_every_tool(self):
        missing = data_tools() - self.ran
        assert not missing, f"data tools that were not run with the operator's role: {sorted(missing)}"

    def refused_elsewhere(self):
        """With another environment than the table's, it exits with 78."""
        further = {"ROSTER_ENVIRONMENT": "other", "ROSTER_CONFIG_ENVIRONMENT": "other"}
        done = roster.run("serve", environment=self.environment("api", further))
        assert done.returncode == 78, f"on another environment's table it exited with {done.returncode}: {done.stderr}"
        print(f"exit 78: {done.stderr.strip().splitlines()[-1]}")
