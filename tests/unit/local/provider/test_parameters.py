"""Properties are matched to the inputs of real AWS operations; nothing is called."""

from __future__ import annotations

from typing import Any

import pytest

from local.provider.connection import Connection
from local.provider.parameters import parameters
from local.provider.properties import Properties

CONNECTION = Connection("http://127.0.0.1:9", "us-east-1", "000000000000")


def convert(service: str, operation: str, given: dict[str, Any], **renames: str) -> tuple[dict[str, Any], list[str]]:
    """Return the parameters and the paths of the unused properties."""
    properties = Properties(given)
    found = parameters(CONNECTION.input_shape(service, operation), properties, renames)
    return found, properties.unused()


def test_names_match_case_insensitively_and_by_renames() -> None:
    given = {"name": "f", "memorySize": 256.0, "timeout": 3, "architectures": ["arm64"], "publish": True}
    assert convert("lambda", "CreateFunction", given, FunctionName="name") == (
        {"FunctionName": "f", "MemorySize": 256, "Timeout": 3, "Architectures": ["arm64"], "Publish": True},
        [],
    )


def test_numbers_are_converted_to_the_type_of_the_api() -> None:
    found, _ = convert("lambda", "CreateFunction", {"memorySize": 256.0, "timeout": "3"})
    assert [type(value) for value in found.values()] == [int, int]
    found, _ = convert("cloudwatch", "PutMetricAlarm", {"threshold": 5})
    assert found == {"Threshold": 5.0}
    assert isinstance(found["Threshold"], float)


def test_strings_and_booleans_are_converted_to_the_type_of_the_api() -> None:
    found, _ = convert("ssm", "PutParameter", {"value": 3, "overwrite": "true"})
    assert found == {"Value": "3", "Overwrite": True}
    found, _ = convert("ssm", "PutParameter", {"value": True, "overwrite": False})
    assert found == {"Value": "true", "Overwrite": False}


def test_nested_objects_are_converted() -> None:
    given = {
        "loggingConfig": {"logFormat": "JSON", "applicationLogLevel": "INFO", "logGroup": "/a"},
        "environment": {"variables": {"anyName": "x", "Other": "y"}},
    }
    found, left = convert("lambda", "CreateFunction", given)
    assert found == {
        "LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "LogGroup": "/a"},
        "Environment": {"Variables": {"anyName": "x", "Other": "y"}},
    }
    assert left == []


def test_tags_become_a_list_of_pairs_if_the_api_requires_it() -> None:
    tags = {"tags": {"stage": "dev", "count": 3}}
    pairs = [{"Key": "stage", "Value": "dev"}, {"Key": "count", "Value": "3"}]
    assert convert("dynamodb", "CreateTable", tags) == ({"Tags": pairs}, [])
    assert convert("lambda", "CreateFunction", tags) == ({"Tags": {"stage": "dev", "count": "3"}}, [])
    found, _ = convert("cloudwatch", "PutMetricAlarm", {"dimensions": {"FunctionName": "f"}})
    assert found == {"Dimensions": [{"Name": "FunctionName", "Value": "f"}]}


def test_a_single_object_becomes_a_list_with_one_entry() -> None:
    assert convert("apigateway", "CreateRestApi", {"endpointConfiguration": {"types": "REGIONAL"}}) == (
        {"endpointConfiguration": {"types": ["REGIONAL"]}},
        [],
    )
    stage = {"apiStages": {"apiId": "a", "stage": "s"}}
    assert convert("apigateway", "CreateUsagePlan", stage)[0] == {"apiStages": [{"apiId": "a", "stage": "s"}]}


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({"memory": 3}, ["memory"]),
        ({"environment": {"variable": {"A": "b"}}}, ["environment.variable"]),
        ({"loggingConfig": {"logFormat": "JSON", "level": "INFO"}}, ["loggingConfig.level"]),
        ({"fileSystemConfigs": [{"arn": "a"}, {"path": "p"}]}, ["fileSystemConfigs[1].path"]),
    ],
)
def test_unmatched_properties_are_reported_with_their_paths(given: dict[str, Any], left: list[str]) -> None:
    assert convert("lambda", "CreateFunction", given)[1] == left
