"""Checks that alarms cover what Roster calls."""

import re

from support.paths import ROOT

MODULES = ROOT / "terraform/modules"


def test_the_alarm_on_errors_of_dynamodb_has_the_operations_that_roster_calls_and_no_others():
    """`just tf-emulated` compares the permissions of the parts with their calls."""
    # Less a key of conditions.
    called = set(re.findall(r'"dynamodb:(\w+)"', (MODULES / "access_policy/main.tf").read_text())) - {"Attributes"}
    alarm = re.search(r'resource "aws_cloudwatch_metric_alarm" "table_errors" \{\n.*?^\}', (MODULES / "observability/main.tf").read_text(), re.M | re.S)
    counted = re.search(r"for_each = \[(.*)\]", alarm[0])
    assert called and set(re.findall(r'"(\w+)"', counted[1])) == called
