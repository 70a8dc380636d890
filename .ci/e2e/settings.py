"""Wrong settings: each pod says in one line what is wrong; it waits where that may pass, and ends where it cannot."""

from underload import release
from wrong import tried


def main():
    with release("e2e-settings", replicas=1) as roster:
        def wrong(change, *expected, **how):
            tried(roster.namespace, {**roster.values, **change}, roster.port, *expected, **how)

        wrong({"aws": {**roster.values["aws"], "usersTable": "nobody"}}, "a missing table", "nobody: the table does not exist")
        wrong({"settings": {"environment": "stage"}}, "another environment's ConfigMap", "written for `stage`", waits=False)
        away = {"name": "AWS_ENDPOINT_URL_DYNAMODB", "value": "http://dynamodb.example.invalid"}
        wrong({"extraEnv": [away]}, "an unreachable endpoint", "cannot be reached")
