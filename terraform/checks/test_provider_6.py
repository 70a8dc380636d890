"""That modules use nothing that version 6 of the AWS provider removed, by its upgrade guide:
https://registry.terraform.io/providers/hashicorp/aws/latest/docs/guides/version-6-upgrade. The provider itself is not run."""

import pathlib
import re

import pytest

FOLDERS = pathlib.Path(__file__).resolve().parents[1]
# Resource or data source, and what may not be in its block.
GONE = {
    "aws_cloudfront_response_headers_policy": r"^\s+etag\s*=",
    "aws_eip": r"^\s+vpc\s*=",
    "aws_eks_addon": r"^\s+resolve_conflicts\s*=",
    "aws_flow_log": r"^\s+log_group_name\s*=",
    # Also booleans as numbers.
    "aws_launch_template": r"elastic_(gpu_specifications|inference_accelerator)|(encrypted|delete_on_termination|ebs_optimized)\s*=\s*[01]\s*$",
    "aws_vpc_endpoint_service": r"^\s+region\s*=",
    "aws_s3_bucket": r"^\s+region\s*=",
}
# What later versions of it warn of, and which 5.100 cannot replace: its `aws_region` has no `region`, its indexes no
# `key_schema`.
DEPRECATED = {"data.aws_region.this.id", "global_secondary_index.hash_key"}


def deprecated(text):
    regions = set(re.findall(r"data\.aws_region\.\w+\.id\b", text))
    indexes = re.findall(r"global_secondary_index \{(.*?)\}", text, re.S)
    return regions | {f"global_secondary_index.{name}" for body in indexes for name in re.findall(r"^\s+(hash_key|range_key)\s*=", body, re.M)}


def found(text):
    """What version 6 would refuse, or what its guide deprecates."""
    blocks = re.findall(r'^(?:resource|data) "(\w+)" "(\w+)" \{\n(.*?)^\}', text, re.S | re.M)
    wrong = [f"{kind}.{name}" for kind, name, body in blocks if kind in GONE and re.search(GONE[kind], body, re.M)]
    return wrong + re.findall(r"data\.aws_region\.\w+\.name\b|aws_s3_bucket\.\w+\.region\b", text)


@pytest.mark.parametrize(
    "text",
    ['resource "aws_eip" "a" {\n  vpc = true\n}\n', "x = data.aws_region.this.name", 'resource "aws_launch_template" "a" {\n  ebs_optimized = 1\n}\n'],
)
def test_what_is_gone_is_found(text):
    assert found(text)


def test_modules_and_stacks_use_nothing_of_it():
    files = [file for file in FOLDERS.glob("*/*/*.tf") if ".terraform" not in file.parts]
    assert len(files) > 80
    assert not {str(file): found(file.read_text()) for file in files if found(file.read_text())}


def test_what_later_versions_warn_of_is_known():
    """docs/terraform.md lists it. If this finds less, shorten both."""
    files = [file for file in FOLDERS.glob("*/*/*.tf") if ".terraform" not in file.parts]
    assert set().union(*(deprecated(file.read_text()) for file in files)) == DEPRECATED


def test_modules_allow_both_versions():
    for file in FOLDERS.glob("modules/*/versions.tf"):
        assert 'version = ">= 5.100, < 7.0"' in file.read_text(), file
