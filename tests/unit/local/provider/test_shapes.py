"""Properties matched to the inputs of real AWS operations; nothing is called."""

from __future__ import annotations

from typing import Any

import pytest

from local.provider.connection import Connection
from local.provider.properties import Properties
from local.provider.shapes import parameters

CONNECTION = Connection("http://127.0.0.1:9", "us-east-1", "000000000000")


def fitted(service: str, operation: str, given: dict[str, Any], **renames: str) -> tuple[dict[str, Any], list[str]]:
    """The parameters, and the paths of what is left."""
    properties = Properties(given)
    found = parameters(CONNECTION.input_shape(service, operation), properties, renames)
    return found, properties.untaken()


def test_names_match_up_to_their_case_and_by_renames() -> None:
    given = {"name": "f", "memorySize": 256.0, "timeout": 3, "architectures": ["arm64"], "publish": True}
    assert fitted("lambda", "CreateFunction", given, FunctionName="name") == (
        {"FunctionName": "f", "MemorySize": 256, "Timeout": 3, "Architectures": ["arm64"], "Publish": True},
        [],
    )


def test_numbers_get_the_type_that_the_api_wants() -> None:
    found, _ = fitted("lambda", "CreateFunction", {"memorySize": 256.0, "timeout": "3"})
    assert [type(value) for value in found.values()] == [int, int]
    found, _ = fitted("cloudwatch", "PutMetricAlarm", {"threshold": 5})
    assert found == {"Threshold": 5.0}
    assert isinstance(found["Threshold"], float)


def test_text_and_booleans_get_the_type_that_the_api_wants() -> None:
    found, _ = fitted("ssm", "PutParameter", {"value": 3, "overwrite": "true"})
    assert found == {"Value": "3", "Overwrite": True}
    found, _ = fitted("ssm", "PutParameter", {"value": True, "overwrite": False})
    assert found == {"Value": "true", "Overwrite": False}


def test_nested_objects_are_walked() -> None:
    given = {
        "loggingConfig": {"logFormat": "JSON", "applicationLogLevel": "INFO", "logGroup": "/a"},
        "environment": {"variables": {"anyName": "x", "Other": "y"}},
    }
    found, left = fitted("lambda", "CreateFunction", given)
    assert found == {
        "LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "LogGroup": "/a"},
        "Environment": {"Variables": {"anyName": "x", "Other": "y"}},
    }
    assert left == []


def test_tags_are_a_list_of_pairs_where_the_api_wants_one() -> None:
    tags = {"tags": {"stage": "dev", "count": 3}}
    pairs = [{"Key": "stage", "Value": "dev"}, {"Key": "count", "Value": "3"}]
    assert fitted("dynamodb", "CreateTable", tags) == ({"Tags": pairs}, [])
    assert fitted("lambda", "CreateFunction", tags) == ({"Tags": {"stage": "dev", "count": "3"}}, [])
    found, _ = fitted("kms", "CreateKey", {"tags": {"stage": "dev"}})
    assert found == {"Tags": [{"TagKey": "stage", "TagValue": "dev"}]}
    found, _ = fitted("cloudwatch", "PutMetricAlarm", {"dimensions": {"FunctionName": "f"}})
    assert found == {"Dimensions": [{"Name": "FunctionName", "Value": "f"}]}


def test_a_single_entry_stands_for_a_list_of_one() -> None:
    assert fitted("apigateway", "CreateRestApi", {"endpointConfiguration": {"types": "REGIONAL"}}) == (
        {"endpointConfiguration": {"types": ["REGIONAL"]}},
        [],
    )
    stage = {"apiStages": {"apiId": "a", "stage": "s"}}
    assert fitted("apigateway", "CreateUsagePlan", stage)[0] == {"apiStages": [{"apiId": "a", "stage": "s"}]}


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({"memory": 3}, ["memory"]),
        ({"environment": {"variable": {"A": "b"}}}, ["environment.variable"]),
        ({"loggingConfig": {"logFormat": "JSON", "level": "INFO"}}, ["loggingConfig.level"]),
        ({"fileSystemConfigs": [{"arn": "a"}, {"path": "p"}]}, ["fileSystemConfigs[1].path"]),
    ],
)
def test_what_matches_nothing_is_left_with_its_path(given: dict[str, Any], left: list[str]) -> None:
    assert fitted("lambda", "CreateFunction", given)[1] == left
