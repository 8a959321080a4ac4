"""The provider's functions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.provider.lookups import look_up
from local.provider.properties import UnappliedError


def answer(function: str, args: dict[str, Any], region: str | None = "eu-west-1") -> dict[str, Any] | None:
    token = f"aws:index/{function}:{function}"
    return look_up(token, args, region=region, account="123456789012" if region else None)


def test_region_account_and_partition_are_those_of_the_stack() -> None:
    assert (answer("getRegion", {}) or {})["region"] == "eu-west-1"
    assert (answer("getCallerIdentity", {}) or {})["accountId"] == "123456789012"
    assert (answer("getPartition", {}) or {})["partition"] == "aws"


def test_an_account_that_cannot_be_asked_has_no_roles() -> None:
    token = "aws:iam/getRoles:getRoles"
    assert (look_up(token, {"nameRegex": "^a$"}, region="eu-west-1", account=None) or {})["names"] == []


def test_what_depends_on_the_stack_is_open_before_it_is_known() -> None:
    assert answer("getRegion", {}, None) is None
    assert answer("getCallerIdentity", {}, None) is None
    assert answer("getPartition", {}, None) is not None


def test_a_policy_document_is_written_as_the_real_provider_does() -> None:
    statement = {
        "sid": "One",
        "actions": ["dynamodb:GetItem"],
        "resources": ["arn:a", "arn:b"],
        "principals": [{"type": "Service", "identifiers": ["lambda.amazonaws.com"]}],
        "conditions": [
            {"test": "StringEquals", "variable": "aws:SourceAccount", "values": ["1"]},
            {"test": "StringEquals", "variable": "aws:PrincipalTag/a", "values": ["2", "3"]},
        ],
    }
    deny = {"effect": "Deny", "notActions": ["*"], "principals": [{"type": "*", "identifiers": ["*"]}]}
    given = {"statements": [statement, deny]}
    document = json.loads((answer("getPolicyDocument", given) or {})["json"])
    assert document == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "One",
                "Effect": "Allow",
                "Action": "dynamodb:GetItem",
                "Resource": ["arn:a", "arn:b"],
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Condition": {"StringEquals": {"aws:SourceAccount": "1", "aws:PrincipalTag/a": ["2", "3"]}},
            },
            {"Effect": "Deny", "NotAction": "*", "Principal": "*"},
        ],
    }


def test_an_argument_that_would_be_ignored_is_named() -> None:
    given = {"statements": [{"action": ["s3:*"]}], "overridePolicyDocuments": ["{}"]}
    with pytest.raises(UnappliedError, match=r"overridePolicyDocuments, statements\[0\]\.action$"):
        answer("getPolicyDocument", given)


def test_other_functions_are_refused() -> None:
    with pytest.raises(NotImplementedError):
        answer("getAvailabilityZones", {})
