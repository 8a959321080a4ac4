"""The partitions of AWS: groups of regions with separate ARNs, endpoints and domain names."""

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Partition:
    """A partition's id and the domain of its endpoints."""

    name: str
    dns_suffix: str


_PARTITIONS: Final = {
    r"us-gov-": Partition("aws-us-gov", "amazonaws.com"),
    r"cn-": Partition("aws-cn", "amazonaws.com.cn"),
    r"eusc-": Partition("aws-eusc", "amazonaws.eu"),
    r"": Partition("aws", "amazonaws.com"),
}
"""The partitions by what the names of their regions start with (botocore's partitions.json)."""


def partition_of(region: str | None) -> Partition:
    """Return the partition of a region; that of most accounts for an unknown region."""
    return next(partition for start, partition in _PARTITIONS.items() if re.match(start, region or ""))
