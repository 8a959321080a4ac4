"""ARNs as long as those of the deployed stack, for checks of lengths before anything is created.

The stack's partition and region are known; every account's id has 12 digits, and the id of every API 10 characters.
"""

from functools import cache

import botocore.session
import pulumi
from botocore.exceptions import UnknownRegionError

from authorizer.event import Stage

ACCOUNT = "0" * 12

LONGEST_REGION = "ap-southeast-1"
"""A region with one of the longest names of the partition `aws`, for programs that run without a region."""


def expected_stage(name: str) -> Stage:
    """Return a stage of this name in the stack's region."""
    region = _region()
    return Stage.of(_partition(region), region, ACCOUNT, "a" * 10, name)


def expected_invocation(function: str) -> str:
    """Return the URI with which API Gateway invokes a function of this name in the stack's region."""
    region = _region()
    beginning = f"arn:{_partition(region)}"
    return (
        f"{beginning}:apigateway:{region}:lambda:path/2015-03-31/functions/"
        f"{beginning}:lambda:{region}:{ACCOUNT}:function:{function}/invocations"
    )


def _region() -> str:
    return pulumi.Config("aws").get("region") or LONGEST_REGION


@cache
def _partition(region: str) -> str:
    try:
        return botocore.session.Session().get_partition_for_region(region)
    except UnknownRegionError:
        return "aws"
