"""Functions of the provider."""

from __future__ import annotations

from typing import Any

import pytest

from local.provider.lookups import look_up
from local.provider.properties import UnsupportedInputError


def result(function: str, args: dict[str, Any], region: str | None = "eu-west-1") -> dict[str, Any] | None:
    token = f"aws:index/{function}:{function}"
    return look_up(token, args, region=region, account="123456789012" if region else None)


def test_region_account_and_partition_of_the_stack() -> None:
    assert (result("getRegion", {}) or {})["region"] == "eu-west-1"
    assert (result("getCallerIdentity", {}) or {})["accountId"] == "123456789012"
    assert (result("getPartition", {}) or {})["partition"] == "aws"


def test_a_preview_finds_no_roles() -> None:
    token = "aws:iam/getRoles:getRoles"
    assert (look_up(token, {"nameRegex": "^a$"}, region="eu-west-1", account=None) or {})["names"] == []


def test_results_that_depend_on_an_unknown_region_or_account_are_unknown() -> None:
    assert result("getRegion", {}, None) is None
    assert result("getCallerIdentity", {}, None) is None
    assert result("getPartition", {}, None) is not None


def test_an_unsupported_argument_is_reported() -> None:
    with pytest.raises(UnsupportedInputError, match=r"not supported locally: filters$"):
        result("getPartition", {"filters": [{"name": "x"}]})


def test_other_functions_are_rejected() -> None:
    with pytest.raises(NotImplementedError):
        result("getAvailabilityZones", {})
