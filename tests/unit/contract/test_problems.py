"""The catalogue of problems, and the rules for ids, entity tags and idempotency keys."""

import re

import pytest

from handlers.contract import OPERATIONS, Invalid, Problem, problem, validate
from handlers.contract.entity_tags import MAX_TAGS, EntityTag, EntityTags, entity_tag, parse_entity_tags
from handlers.contract.headers import IDEMPOTENCY_KEY
from handlers.contract.identifiers import Id, is_id
from handlers.contract.operation import GATEWAY_PROBLEMS, HANDLER_PROBLEMS, WRITE_PROBLEMS
from infra.documents.schemas import type_schema

CATALOGUE = [each for each in vars(problem).values() if isinstance(each, Problem)]


def test_every_problem_has_its_own_slug() -> None:
    slugs = [each.slug for each in CATALOGUE]
    assert len(slugs) == len(set(slugs))


def test_every_problem_of_the_catalogue_can_occur() -> None:
    of_operations = [each for operation in OPERATIONS for each in operation.problems]
    used = {each.slug for each in (*HANDLER_PROBLEMS, *WRITE_PROBLEMS, *GATEWAY_PROBLEMS, *of_operations)}
    assert used == {each.slug for each in CATALOGUE}


def test_titles_are_those_of_rfc_9110_with_every_version_of_python() -> None:
    titles = {each.status: each.title for each in CATALOGUE}
    assert (titles[413], titles[422], titles[404]) == ("Content Too Large", "Unprocessable Content", "Not Found")


def test_a_challenge_has_a_realm_only_at_the_gateway() -> None:
    assert problem.INVALID_TOKEN.headers() == {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    assert problem.INVALID_TOKEN.headers("api") == {"WWW-Authenticate": 'Bearer realm="api", error="invalid_token"'}


@pytest.mark.parametrize("text", ["", "a\n", "\na", "-a", "a b", "é", "a" * 129, "a/b", "1", "A.b_c~d-e", "a" * 128])
def test_an_id_is_valid_in_a_path_exactly_if_it_is_valid_in_a_body_and_in_the_schema(text: str) -> None:
    try:
        in_body = validate(text, Id) == text  # pyright: ignore[reportArgumentType]
    except Invalid:
        in_body = False
    schema = type_schema(Id)
    in_schema = len(text) <= schema["maxLength"] and re.fullmatch(schema["pattern"], text) is not None
    assert is_id(text) == in_body == in_schema


@pytest.mark.parametrize("key", ["", "a b", "a\n", "é", "a" * 256])
def test_an_invalid_idempotency_key_is_rejected(key: str) -> None:
    with pytest.raises(Invalid):
        validate(key, IDEMPOTENCY_KEY.type)


def test_entity_tags_match_the_schemas_and_are_parsed() -> None:
    tag = entity_tag("1a")
    assert re.search(type_schema(EntityTag)["pattern"], tag)
    header = ", ".join([tag, f"W/{tag}", *[tag] * (MAX_TAGS - 2)])
    assert re.search(type_schema(EntityTags)["pattern"], header)
    assert parse_entity_tags(header) == [(False, "1a"), (True, "1a"), *[(False, "1a")] * (MAX_TAGS - 2)]
    assert parse_entity_tags(" * ") is None


@pytest.mark.parametrize("header", ["", "1a", '"1a', '"a" "b"', ",".join(['"a"'] * (MAX_TAGS + 1))])
def test_invalid_entity_tags_are_rejected_as_in_the_schema(header: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        parse_entity_tags(header)
    assert not re.search(type_schema(EntityTags)["pattern"], header)
