"""The largest answer that the authorizer can give, and the policy encoding that keeps it within API Gateway's limit.

Nothing is measured while requests are decided, so what a deployment lets through has to fit for every token. The
answers measured here are made by the authorizer's own code, from the caller and the scopes that need the most bytes.
"""

import json
from collections.abc import Iterator, Sequence

import botocore.session
import msgspec
import pulumi
from botocore.exceptions import UnknownRegionError

from authorizer.claims import Caller
from authorizer.decision import decide
from authorizer.event import Stage
from authorizer.policy import ENCODINGS, Json, Policies
from authorizer.resource_patterns import RouteGroup
from authorizer.settings import MAX_TEXT, DeploymentSettings, Issuer, PolicyEncoding

MAX_BYTES = 8000
"""Bytes of an authorizer's answer, context included: API Gateway accepts 8 KB (AWS, "Amazon API Gateway quotas")."""

MAX_RESOURCE = 512
"""Characters of a resource ARN in a policy."""

EXPIRES = 9_999_999_999
"""A second since 1970 with as many digits as any until the year 2286."""

REQUEST_ID = "00000000-0000-0000-0000-000000000000"
"""An id as long as Lambda's of an invocation."""

TEXT = "x" * MAX_TEXT
"""A text of a token that is as long as is accepted."""

LONGEST_REGION = "ap-southeast-1"
"""No region's name is longer than this one's; for programs that run without a region."""


class AnswerTooLarge(ValueError):
    """No encoding keeps the largest answer within API Gateway's limits."""


def expected_stage(name: str) -> Stage:
    """The stage of this name in the stack's region. An account's id has 12 digits, an API's 10 characters."""
    region = pulumi.Config("aws").get("region") or LONGEST_REGION
    try:
        partition = botocore.session.Session().get_partition_for_region(region)
    except UnknownRegionError:
        partition = "aws"
    return Stage.of(partition, region, "0" * 12, "a" * 10, name)


def choose_encoding(settings: DeploymentSettings, stage: Stage) -> PolicyEncoding:
    """The plainest encoding that fits for every token. Raises AnswerTooLarge."""
    sizes: list[int] = []
    for encoding in ENCODINGS:
        answers = list(largest_answers(msgspec.structs.replace(settings, policy_encoding=encoding), stage))
        sizes.append(max(map(answer_size, answers)))
        if sizes[-1] <= MAX_BYTES and all(len(each) <= MAX_RESOURCE for one in answers for each in _resources(one)):
            return encoding
    raise AnswerTooLarge(
        f"the authorizer's answer may take {min(sizes)} bytes, and its longest resource must have {MAX_RESOURCE} "
        f"characters; API Gateway allows {MAX_BYTES}: use fewer collections or shorter names"
    )


def answer_size(answer: Json) -> int:
    """The bytes of an answer as Lambda's Python runtime (3.12 and later) writes it."""
    return len(json.dumps(answer, ensure_ascii=False).encode())


def largest_answers(settings: DeploymentSettings, stage: Stage) -> Iterator[Json]:
    """Answers of which one is as large as any that these settings allow: for each issuer, one per possible outcome."""
    policies = Policies(settings.routes, settings.policy_encoding)
    scopes = tuple(sorted(scope for each in policies.groups for scope in _costliest(policies, stage, each)))
    for issuer in settings.issuers:
        for client in _clients(settings, issuer):
            for granted in ((), scopes):
                yield _answer(settings, policies, stage, _caller(issuer, client, granted))


def _clients(settings: DeploymentSettings, issuer: Issuer) -> Sequence[str]:
    """The clients whose tokens can be accepted, or of those that are not known beforehand the longest."""
    listed = settings.usage.clients.get(issuer.name, ()) if settings.usage else ()
    return issuer.clients or (TEXT, *listed)


def _answer(settings: DeploymentSettings, policies: Policies, stage: Stage, caller: Caller) -> Json:
    decision = decide(settings, policies, stage, caller, None)
    return decision.with_id(REQUEST_ID) if settings.log_decisions else decision.output


def _caller(issuer: Issuer, client: str, scopes: tuple[str, ...]) -> Caller:
    """A caller of the issuer whose texts are the longest that are accepted."""
    tenant = None if issuer.tenant_claim is None else TEXT
    return Caller(issuer.name, TEXT, client, TEXT, tenant, scopes, EXPIRES, None)


def _costliest(policies: Policies, stage: Stage, group: RouteGroup) -> Sequence[str]:
    """The set of a collection's scopes that adds the most bytes to an answer: collections add theirs separately."""
    scopes = sorted(set(group.scopes.values()))
    sets = ([scope for bit, scope in enumerate(scopes) if number >> bit & 1] for number in range(1, 1 << len(scopes)))

    def cost(some: Sequence[str]) -> int:
        return answer_size(policies.document(stage, tuple(some), EXPIRES)) + len(" ".join(some))

    return max(sets, key=cost)


def _resources(answer: Json) -> list[str]:
    return [each for statement in answer["policyDocument"]["Statement"] for each in statement["Resource"]]
