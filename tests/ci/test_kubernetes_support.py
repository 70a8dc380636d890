"""How terraform/checks/kubernetes_versions.py reads, judges and compares versions."""

import datetime

import kubernetes_support as support
import pytest

VALUES = """
cidr               = "10.0.0.0/16"
kubernetes_version = "1.36" # standard support until 2027-08-02

addons = {
  coredns    = "v1.14.3-eksbuild.23"
  kube-proxy = "v1.36.0-eksbuild.25"
}

access = { full = ["x"] }
"""
ENDS = datetime.date(2027, 8, 2)


def environment(version="1.36", ends=ENDS, name="dev", addons=None):
    return support.Environment(name, version, ends, addons or {})


def before(days):
    return ENDS - datetime.timedelta(days)


def answer(status="STANDARD_SUPPORT", ends="2027-08-01T17:00:00-07:00"):
    return {"clusterVersions": [{"clusterVersion": "1.36", "versionStatus": status, "endOfStandardSupportDate": ends}]}


ADDONS = {"addons": [{"addonName": "coredns", "addonVersions": [{"addonVersion": "v1.14.3-eksbuild.23"}]}]}


def test_version_date_and_add_ons_are_read():
    assert support.parse("dev", VALUES) == environment(addons={"coredns": "v1.14.3-eksbuild.23", "kube-proxy": "v1.36.0-eksbuild.25"})


def test_a_version_without_its_date_is_refused():
    with pytest.raises(ValueError, match="dev: kubernetes_version 1.36 must be followed by"):
        support.parse("dev", VALUES.replace(" # standard support until 2027-08-02", ""))


def test_an_invalid_date_is_refused():
    with pytest.raises(ValueError):
        support.parse("dev", VALUES.replace("2027-08-02", "2027-13-02"))


def test_values_without_a_version_are_refused():
    with pytest.raises(ValueError, match="no kubernetes_version"):
        support.parse("dev", "")


def test_four_months_before_the_end_nothing_is_reported():
    assert support.judge([environment()], before(121)) == ([], [])


def test_from_four_months_on_it_warns_and_does_not_fail():
    for days in (120, 15):
        warnings, errors = support.judge([environment()], before(days))
        assert (len(warnings), errors) == (1, []), days
        assert f"ends in {days} days (2027-08-02)" in warnings[0]


def test_in_the_last_two_weeks_and_after_it_fails():
    for days, words in ((14, "ends in 14 days"), (0, "ends in 0 days"), (-1, "ended 1 days ago")):
        warnings, errors = support.judge([environment()], before(days))
        assert (warnings, len(errors)) == ([], 1), days
        assert words in errors[0]


def test_the_calendars_own_run_fails_earlier():
    assert len(support.judge([environment()], before(90), fail_days=90)[1]) == 1


def test_kubernetes_1_34_would_have_been_reported():
    late = environment("1.34", datetime.date(2026, 12, 2))
    assert len(support.judge([late], datetime.date(2026, 8, 4))[0]) == 1
    assert len(support.judge([late], datetime.date(2026, 11, 28))[1]) == 1


def test_two_dates_for_one_version_are_refused():
    _, errors = support.judge([environment(), environment(ends=before(1), name="prod")], before(300))
    assert errors == ["prod and dev differ in the end of support of Kubernetes 1.36"]


def test_a_date_that_aws_confirms_is_right():
    one = environment(addons={"coredns": "v1.14.3-eksbuild.23"})
    assert support.compare(one, answer(), ADDONS) == []


def test_another_date_is_reported():
    assert support.compare(environment(), answer(ends="2027-09-01T00:00:00+00:00"), ADDONS) == [
        "dev: support of Kubernetes 1.36 ends on 2027-09-01, not on 2027-08-02"
    ]


def test_extended_support_is_reported():
    assert support.compare(environment(), answer(status="EXTENDED_SUPPORT"), ADDONS) == ["dev: Kubernetes 1.36 is EXTENDED_SUPPORT"]


def test_an_unknown_version_is_reported():
    assert support.compare(environment("1.99"), answer(), ADDONS) == ["dev: EKS does not offer Kubernetes 1.99"]


def test_an_add_on_that_does_not_fit_is_reported_with_those_that_do():
    assert support.compare(environment(addons={"coredns": "v1.12.3-eksbuild.1", "x": "v1"}), answer(), ADDONS) == [
        "dev: coredns v1.12.3-eksbuild.1 is not offered for Kubernetes 1.36; offered: v1.14.3-eksbuild.23",
        "dev: x v1 is not offered for Kubernetes 1.36; offered: none",
    ]
