"""What a deployment changes: how properties are compared, and how changes are shown."""

import json
from typing import Any

import pytest

from infra.changes import SECRET_MARK, Change, Operation, PropertyChange, as_markdown, as_text, compare, losses

COMPONENT = "urn:pulumi:prod::gatehouse::gatehouse:data:Table"
TABLE = f"{COMPONENT}$aws:dynamodb/table:Table::items"
FUNCTION = "urn:pulumi:prod::gatehouse::aws:lambda/function:Function::items-read"
HTTP_API = "urn:pulumi:prod::gatehouse::gatehouse:api:HttpApi$aws:apigatewayv2/api:Api::api"
KEY = "urn:pulumi:prod::gatehouse::gatehouse:api:UsagePlans$aws:apigateway/apiKey:ApiKey::"
SENT_KEY = f"{KEY}sent:main|mobile-app"
LOG_GROUP = "urn:pulumi:prod::gatehouse::aws:cloudwatch/logGroup:LogGroup::access"


def triples(old: dict[str, Any], new: dict[str, Any], **options: Any) -> list[tuple[str, str | None, str | None]]:
    return [(each.path, each.old, each.new) for each in compare(old, new, **options)]


class TestCompare:
    def test_equal_inputs_have_no_differences(self) -> None:
        assert compare({"a": {"b": [1, {"c": None}]}}, {"a": {"b": [1, {"c": None}]}}) == ()

    def test_each_innermost_difference_has_its_path(self) -> None:
        old = {"memorySize": 512, "environment": {"variables": {"LEVEL": "INFO", "KEPT": "1"}}}
        new = {"memorySize": 1024, "environment": {"variables": {"LEVEL": "DEBUG", "KEPT": "1"}}}
        assert triples(old, new) == [
            ("environment.variables.LEVEL", '"INFO"', '"DEBUG"'),
            ("memorySize", "512", "1024"),
        ]

    def test_a_property_without_a_value_differs_from_an_empty_one(self) -> None:
        assert triples({"a": None, "removed": ""}, {"added": "", "a": False}) == [
            ("a", "null", "false"),
            ("added", None, '""'),
            ("removed", '""', None),
        ]

    def test_a_number_differs_from_a_boolean(self) -> None:
        assert triples({"a": 1}, {"a": True}) == [("a", "1", "true")]
        assert triples({"a": 1}, {"a": 1.0}) == []

    @pytest.mark.parametrize(
        ("old", "new", "expected"),
        [
            ([1, 2], [1, 9, 2], [("a[1]", None, "9")]),
            ([1, 2, 3], [1, 3], [("a[1]", "2", None)]),
            ([1, 2], [1, 2, 3, 4], [("a[2]", None, "3"), ("a[3]", None, "4")]),
            ([{"b": 1}, 2], [{"b": 9}, 2], [("a[0].b", "1", "9")]),
            ([1, 1], [1], [("a[1]", "1", None)]),
        ],
    )
    def test_an_item_that_is_added_to_a_list_or_removed_from_it_is_one_difference(
        self, old: Any, new: Any, expected: Any
    ) -> None:
        assert triples({"a": old}, {"a": new}) == expected

    def test_a_text_of_json_is_compared_by_its_content(self) -> None:
        old = {"body": json.dumps({"paths": {"/items/{id}": {"get": {"tags": ["x"]}}}, "info": 1})}
        new = {"body": json.dumps({"info": 1, "paths": {"/items/{id}": {"get": {"tags": ["y"]}}}}, indent=2)}
        assert triples(old, new) == [('body.paths["/items/{id}"].get.tags[0]', '"x"', '"y"')]

    @pytest.mark.parametrize(("old", "new"), [("{broken", "{also broken"), ("[1]", "{}"), ("{}", "text")])
    def test_other_texts_are_compared_as_texts(self, old: str, new: str) -> None:
        assert triples({"a": old}, {"a": new}) == [("a", json.dumps(old), json.dumps(new))]

    def test_two_secrets_look_equal(self) -> None:
        assert compare({"a": SECRET_MARK}, {"a": SECRET_MARK}) == ()

    @pytest.mark.parametrize(("old", "new"), [("hunter2", SECRET_MARK), (SECRET_MARK, "hunter2")])
    def test_a_value_that_replaces_a_secret_or_is_replaced_by_one_is_masked(self, old: str, new: str) -> None:
        assert triples({"a": old}, {"a": new}) == [("a", SECRET_MARK, SECRET_MARK)]

    def test_an_input_that_the_provider_considers_changed_is_listed_even_if_it_looks_equal(self) -> None:
        old, new = {"a": SECRET_MARK, "b": 1}, {"a": SECRET_MARK, "b": 2}
        assert triples(old, new, changed=["a"]) == [("a", SECRET_MARK, SECRET_MARK)]

    def test_an_input_that_requires_a_replacement_is_marked(self) -> None:
        found = compare({"hashKey": "id", "tags": {}}, {"hashKey": "owner", "tags": {"a": "b"}}, replaces=["hashKey"])
        assert [(each.path, each.replaces) for each in found] == [("hashKey", True), ("tags.a", False)]

    def test_long_values_are_shortened_to_where_they_differ(self) -> None:
        old, new = "x" * 1000 + "old" + "y" * 1000, "x" * 1000 + "new" + "y" * 1000
        [(_, before, after)] = triples({"a": old}, {"a": new})
        assert before is not None
        assert after is not None
        assert "xxold" in before
        assert "xxnew" in after
        assert len(before) <= 60
        assert len(after) <= 60

    def test_what_the_vendors_provider_records_in_inputs_is_ignored(self) -> None:
        assert compare({"a": {"__defaults": []}}, {"a": {"__defaults": ["b"]}}) == ()


class TestLosses:
    @pytest.mark.parametrize("operation", [Operation.DELETE, Operation.REPLACE])
    @pytest.mark.parametrize("urn", [TABLE, LOG_GROUP, HTTP_API, SENT_KEY])
    def test_deleting_or_replacing_data_loses_it(self, operation: Operation, urn: str) -> None:
        change = Change(operation=operation, urn=urn)
        assert losses([change]) == [change]

    @pytest.mark.parametrize("operation", [Operation.CREATE, Operation.IMPORT, Operation.UPDATE])
    def test_other_operations_lose_nothing(self, operation: Operation) -> None:
        assert losses([Change(operation=operation, urn=TABLE)]) == []

    def test_a_retained_resource_is_not_lost(self) -> None:
        assert losses([Change(operation=Operation.DELETE, urn=TABLE, retained=True)]) == []

    @pytest.mark.parametrize("name", ["main|mobile-app", "unlisted"])
    def test_a_key_that_no_client_sends_can_be_created_again(self, name: str) -> None:
        assert losses([Change(operation=Operation.DELETE, urn=f"{KEY}{name}")]) == []

    def test_a_function_can_be_created_again(self) -> None:
        assert losses([Change(operation=Operation.DELETE, urn=FUNCTION)]) == []


CHANGES = [
    Change(operation=Operation.UPDATE, urn=FUNCTION, properties=compare({"memorySize": 512}, {"memorySize": 1024})),
    Change(operation=Operation.CREATE, urn=f"{FUNCTION}-2"),
    Change(operation=Operation.CREATE, urn=LOG_GROUP),
    Change(operation=Operation.DELETE, urn=f"{LOG_GROUP}-2", retained=True),
    Change(operation=Operation.REPLACE, urn=TABLE, properties=compare({"a": 1}, {"a": 2}, replaces="a")),
]


def test_text_lists_the_most_dangerous_changes_first() -> None:
    assert as_text(CHANGES) == (
        "+- aws:dynamodb:Table items\n"
        "     a: 1 → 2 (requires replacement)\n"
        "-  aws:cloudwatch:LogGroup access-2\n"
        "+  aws:cloudwatch:LogGroup access\n"
        "+  aws:lambda:Function items-read-2\n"
        "~  aws:lambda:Function items-read\n"
        "     memorySize: 512 → 1024\n"
        "1 to replace, 1 to delete, 2 to create, 1 to update\n"
        "data would be lost: replace aws:dynamodb:Table items: all items"
    )


def test_text_of_changes_that_were_made_is_in_the_past_tense() -> None:
    *_, counts, lost = as_text(CHANGES, done=True).splitlines()
    assert counts == "1 replaced, 1 deleted, 2 created, 1 updated"
    assert lost.startswith("data was lost: ")


def test_markdown_starts_with_what_would_be_lost_and_hides_the_details() -> None:
    assert as_markdown(CHANGES) == (
        "**1 to replace, 1 to delete, 2 to create, 1 to update**\n\n"
        "> [!CAUTION]\n> **Data would be lost:**\n>\n> - replace `aws:dynamodb:Table` `items`: all items\n\n"
        "<details><summary>1 to replace</summary>\n\n"
        "- `aws:dynamodb:Table` `items`\n  - `a`: `1` → `2` (requires replacement)\n\n</details>\n\n"
        "<details><summary>1 to delete</summary>\n\n"
        "- `aws:cloudwatch:LogGroup` `access-2` (left in place)\n\n</details>\n\n"
        "<details><summary>2 to create</summary>\n\n"
        "- `aws:cloudwatch:LogGroup` `access`\n- `aws:lambda:Function` `items-read-2`\n\n</details>\n\n"
        "<details><summary>1 to update</summary>\n\n"
        "- `aws:lambda:Function` `items-read`\n  - `memorySize`: `512` → `1024`\n\n</details>"
    )


def test_resources_of_a_type_that_change_alike_are_listed_together() -> None:
    properties = compare({"memorySize": 512}, {"memorySize": 1024})
    alike = [Change(operation=Operation.UPDATE, urn=f"{FUNCTION}-{n}", properties=properties) for n in range(3)]
    assert as_text([CHANGES[1], *alike]) == (
        "+  aws:lambda:Function items-read-2\n"
        "~  aws:lambda:Function items-read-0, items-read-1, items-read-2\n"
        "     memorySize: 512 → 1024\n"
        "1 to create, 3 to update"
    )
    assert "<summary>3 to update</summary>" in as_markdown(alike)


def test_without_changes_both_say_so() -> None:
    assert as_text([]) == "no changes"
    assert as_markdown([]) == "**no changes**"


def test_only_the_first_properties_are_shown_and_those_that_require_a_replacement_come_first() -> None:
    properties = tuple(PropertyChange(path=f"p{n}", old="1", new="2", replaces=n == 3) for n in range(4))
    change = Change(operation=Operation.REPLACE, urn=FUNCTION, properties=properties)
    lines = [line.strip() for line in as_text([change], max_properties=2).splitlines()[1:-1]]
    assert lines == ["p3: 1 → 2 (requires replacement)", "p0: 1 → 2", "2 more changed properties"]
    assert "\n     4 changed properties\n" in as_text([change], max_properties=0)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("</details>@everyone", "`</details>@everyone`"),
        ("a`b``c", "``` a`b``c ```"),
        ("", "`  `"),
        ("two\nlines\u202e", "`two\N{REPLACEMENT CHARACTER}lines\N{REPLACEMENT CHARACTER}`"),
    ],
)
def test_names_from_a_program_have_no_effect_in_markdown(name: str, shown: str) -> None:
    urn = FUNCTION.replace("items-read", name)
    assert f"- `aws:lambda:Function` {shown}\n" in as_markdown([Change(operation=Operation.CREATE, urn=urn)])


def test_the_value_of_a_secret_is_not_shown() -> None:
    properties = compare({"a": SECRET_MARK}, {"a": SECRET_MARK}, changed=["a"])
    assert "a: changed, but not shown\n" in as_text(
        [Change(operation=Operation.UPDATE, urn=FUNCTION, properties=properties)]
    )
