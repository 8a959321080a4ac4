"""CloudWatch's embedded metric format: its JSON schema, and the metrics that CloudWatch makes of log lines.

The schema is that of AWS, "Specification: Embedded metric format", "Embedded metric format schema", without its
titles and examples; its references are described there in words.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from jsonschema import Draft202012Validator

UNITS: Final = (
    "Seconds|Microseconds|Milliseconds|Bytes|Kilobytes|Megabytes|Gigabytes|Terabytes|Bits|Kilobits|Megabits|Gigabits|"
    "Terabits|Percent|Count|Bytes\\/Second|Kilobytes\\/Second|Megabytes\\/Second|Gigabytes\\/Second|"
    "Terabytes\\/Second|Bits\\/Second|Kilobits\\/Second|Megabits\\/Second|Gigabits\\/Second|Terabits\\/Second|"
    "Count\\/Second|None"
)
TEXT: Final = {"type": "string", "minLength": 1, "maxLength": 1024, "pattern": "^(.*)$"}
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer"},
                "CloudWatchMetrics": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["Namespace", "Dimensions", "Metrics"],
                        "properties": {
                            "Namespace": TEXT,
                            "Dimensions": {
                                "type": "array",
                                "minItems": 1,
                                "items": {
                                    "type": "array",
                                    "minItems": 1,
                                    "maxItems": 30,
                                    "items": {**TEXT, "maxLength": 250},
                                },
                            },
                            "Metrics": {
                                "type": "array",
                                "items": {
                                    "type": "object",
                                    "required": ["Name"],
                                    "properties": {
                                        "Name": TEXT,
                                        "Unit": {"type": "string", "pattern": f"^({UNITS})$"},
                                        "StorageResolution": {"enum": [1, 60]},
                                    },
                                },
                            },
                        },
                    },
                },
            },
        }
    },
}

Metric = tuple[str, tuple[tuple[str, str], ...]]
"""The name of a metric, and its dimensions with their values in order of their names."""


def values(lines: Iterable[Mapping[str, Any]]) -> dict[Metric, list[float]]:
    """Return the values of each metric in valid lines. Raises for a line that CloudWatch would reject."""
    found: dict[Metric, list[float]] = defaultdict(list)
    validator = Draft202012Validator(SCHEMA)
    for line in lines:
        validator.validate(line)
        for directive in line["_aws"]["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                dimensions = tuple(sorted((name, line[name]) for name in names))
                assert all(isinstance(value, str) and 0 < len(value) <= 1024 for _, value in dimensions), dimensions
                for metric in directive["Metrics"]:
                    value = line[metric["Name"]]
                    assert isinstance(value, int | float), f"{metric['Name']} is {value!r}"
                    found[metric["Name"], dimensions].append(value)
    return dict(found)


def sums(lines: Iterable[Mapping[str, Any]], name: str, *by: str) -> dict[str | tuple[str, ...], float]:
    """Return the sums of a metric by the values of some of its dimensions, or of the only one."""
    found: dict[str | tuple[str, ...], float] = {}
    for (metric, dimensions), each in values(lines).items():
        if metric == name and set(by) <= dict(dimensions).keys():
            key = tuple(dict(dimensions)[dimension] for dimension in by)
            found[key if len(by) > 1 else key[0]] = sum(each)
    return found
