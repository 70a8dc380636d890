"""Wrong settings: each pod logs one line that says what is wrong; it waits if that may be temporary, and exits otherwise."""

from underload import release
from wrong import tried


def test_a_wrong_setting_is_logged_and_the_previous_revision_serves():
    with release("e2e-settings", replicas=1) as roster:
        def wrong(change, *expected, **how):
            tried(roster.namespace, {**roster.values, **change}, roster.port, *expected, **how)

        wrong({"aws": {**roster.values["aws"], "usersTable": "missing"}}, "a missing table", "missing: the table does not exist")
        wrong({"settings": {"environment": "stage"}}, "another environment's ConfigMap", "settings are for `stage`", waits=False)
        away = {"name": "AWS_ENDPOINT_URL_DYNAMODB", "value": "http://dynamodb.example.invalid"}
        wrong({"extraEnv": [away]}, "an unreachable endpoint", "cannot be reached")
