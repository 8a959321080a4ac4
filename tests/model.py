"""A model of the API, a dictionary, compared with the API in random requests of several owners (hypothesis).

A test that runs it provides a function that sends a `Request` and returns its `Answer`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count, groupby
from operator import itemgetter
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from handlers.contract import Collection, load_collections

DEFAULTS: Mapping[str, dict[str, Any]] = {
    "items": {"description": ""},
    "users": {"email": ""},
    "events": {"location": ""},
}
COLLECTIONS: Mapping[str, Collection] = {each.name: each for each in load_collections() if each.name in DEFAULTS}
"""The sample collections; others have no model here."""

OWNERS = ("ann", "ben", "ann#email#b")
"""Subjects; the last one's name looks like a filter of the first one's data."""

ABSENT = ("absent", "-no-id-", "idem")
JSON, MERGE_PATCH, PLAIN = "application/json", "application/merge-patch+json", "text/plain"


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request of an owner's client."""

    method: str
    collection: str
    owner: str
    item_id: str = ""
    text: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    query: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Answer:
    """A response; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


Call = Callable[[Request], Answer]


@dataclass
class Stored:
    """An item of the dictionary; `tags` are all its entity tags so far, the current one last.

    `age` is the number of days since it was last written.
    """

    document: dict[str, Any]
    tags: list[str]
    age: int = 0


@dataclass(frozen=True)
class Id:
    """The id of an owner's item, which may be deleted."""

    collection: str
    owner: str
    text: str


@dataclass(frozen=True)
class Sent:
    """A POST with an Idempotency-Key, to be repeated."""

    collection: str
    owner: str
    key: str
    text: str


def texts(smallest: int) -> st.SearchStrategy[str]:
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=smallest, max_size=12)


NAMES = texts(1)
OPTIONAL: Mapping[str, dict[str, st.SearchStrategy[str]]] = {
    "items": {"description": texts(0)},
    "users": {"email": st.sampled_from(["c@d", "b#email#c@d", ""])},
    "events": {"location": texts(0)},
}
DATES = st.sampled_from(["2026-06-15", "2024-02-29", "2026-06-16"])
REQUIRED: Mapping[str, dict[str, st.SearchStrategy[str]]] = {
    "items": {"name": NAMES},
    "users": {"name": NAMES},
    "events": {"name": NAMES, "date": DATES},
}
COLLECTION_NAMES = st.sampled_from(sorted(COLLECTIONS))
OWNER_NAMES = st.sampled_from([OWNERS[0], *OWNERS])
WRONG_MEMBERS = st.sampled_from([
    {"name": ""}, {"name": 7}, {"name": None}, {"owner": "ben"}, {"revision": "1"}, {"by_email": "x"},
    {"name": "\ud800"},
    {"name": "a" * 201}, {"name": ["a"]}, {"email": "no address"}, {"date": "2026-02-30"}, {"id": "a b"}, {"id": 7},
])  # fmt: skip
WRONG_TEXTS = st.sampled_from([
    "", "{", "[]", "7", "null", '{"name": "a", "name": "b"}', '{"name": NaN}', '{"name": ' + "[" * 500 + "]" * 500
])  # fmt: skip
IF_MATCH = st.sampled_from(["", "", "current", "current", "any", "listed", "stale", "weak", "unknown"])
IF_NONE_MATCH = st.sampled_from(["", "", "current", "any", "listed", "weak", "stale", "unknown"])


@st.composite
def bodies(draw: st.DrawFn, collection: str) -> dict[str, Any]:
    """Draw a valid body of a collection."""
    return draw(st.fixed_dictionaries(REQUIRED[collection], optional=OPTIONAL[collection]))


@st.composite
def patches(draw: st.DrawFn, collection: str) -> dict[str, Any]:
    """Draw a patch after which an item is still valid."""
    removable = {name: st.none() | values for name, values in OPTIONAL[collection].items()}
    return draw(st.fixed_dictionaries({}, optional={**REQUIRED[collection], **removable}))


class ApiMachine(RuleBasedStateMachine):
    """Sends requests in random order; compares each response, and the lists after each change, with the dictionary."""

    sent = Bundle[Sent]("sent")

    def __init__(self, call: Call, example: int) -> None:
        super().__init__()
        self.call = call
        self.example = example
        self.stored: dict[tuple[str, str], dict[str, Stored]] = {}
        self.remembered: dict[tuple[str, str, str], tuple[str, Answer]] = {}
        self.made: list[Id] = []
        self.unchecked, self.order = set[str](), "newest"

    def ask(self, method: str, collection: str, owner: str, item_id: str = "", **more: Any) -> Answer:
        """Send a request. An owner's name contains the example's number, so that examples do not share data."""
        if method not in ("GET", "HEAD"):
            self.unchecked.add(collection)
        request = Request(
            method=method, collection=collection, owner=f"{self.example}-{owner}", item_id=item_id, **more
        )
        answer = self.call(request)
        if answer.status >= 400 and method != "HEAD":
            assert answer.headers["content-type"] == "application/problem+json", answer
            assert answer.json["status"] == answer.status
        return answer

    def send(self, method: str, collection: str, owner: str, item_id: str, body: Any, **more: Any) -> Answer:
        """Send a body; a string is sent unchanged."""
        text = body if isinstance(body, str) else json.dumps(body)
        headers = {"Content-Type": JSON, **more.pop("headers", {})}
        return self.ask(method, collection, owner, item_id, text=text, headers=headers)

    def items_of(self, collection: str, owner: str) -> dict[str, Stored]:
        return self.stored.setdefault((collection, owner), {})

    def any_id(self, data: st.DataObject) -> Id:
        """Draw an id: usually of an existing item, otherwise of a deleted one or of none."""
        live = [each for each in self.made if each.text in self.items_of(each.collection, each.owner)]
        absent = [Id("items", OWNERS[0], text) for text in ABSENT]
        return data.draw(st.sampled_from(live if live and data.draw(st.integers(0, 5)) else absent + self.made))

    def target(self, data: st.DataObject) -> tuple[Id, str]:
        """Draw an id and an owner who requests it: usually the item's."""
        item = self.any_id(data)
        return item, item.owner if data.draw(st.integers(0, 3)) else data.draw(OWNER_NAMES)

    @rule(collection=COLLECTION_NAMES, owner=OWNER_NAMES, data=st.data())
    def create(self, collection: str, owner: str, data: st.DataObject) -> None:
        for body in data.draw(st.lists(bodies(collection), min_size=1, max_size=3)):
            self.created(collection, owner, body, self.send("POST", collection, owner, "", body))

    @rule(owner=OWNER_NAMES, chosen=st.sampled_from(["1", "a.b", "Z~_-"]), body=bodies("users"))
    def create_under_a_chosen_id(self, owner: str, chosen: str, body: dict[str, Any]) -> None:
        answer = self.send("POST", "users", owner, "", {"id": chosen, **body})
        if chosen in self.items_of("users", owner):
            assert answer.status == 409, answer
        else:
            self.created("users", owner, body, answer)
            assert answer.json["id"] == chosen

    @rule(
        target=sent, collection=COLLECTION_NAMES, owner=OWNER_NAMES, key=st.sampled_from(["k", "l"]), data=st.data(),
        chosen=st.sampled_from(["", "1"]),
    )  # fmt: skip
    def create_once(self, collection: str, owner: str, key: str, data: st.DataObject, chosen: str) -> Sent:
        body = data.draw(bodies(collection))
        if chosen and collection == "users":
            body = {"id": chosen, **body}
        sent = Sent(collection, owner, key, json.dumps(body))
        self.send_once(sent)
        return sent

    @rule(sent=sent)
    def create_once_again(self, sent: Sent) -> None:
        self.send_once(sent)

    def send_once(self, sent: Sent) -> None:
        answer = self.send("POST", sent.collection, sent.owner, "", sent.text, headers={"Idempotency-Key": sent.key})
        body = json.loads(sent.text)
        chosen = body.pop("id", None)
        text, first = self.remembered.get((sent.collection, sent.owner, sent.key), (sent.text, None))
        if text != sent.text:
            assert answer.status == 422, answer
        elif first:
            same = [
                (each.status, each.json, each.headers["etag"], each.headers["location"]) for each in (first, answer)
            ]
            assert same[0] == same[1]
        elif chosen in self.items_of(sent.collection, sent.owner):
            assert answer.status == 409, answer
        else:
            self.created(sent.collection, sent.owner, body, answer)
            self.remembered[sent.collection, sent.owner, sent.key] = (sent.text, answer)

    def created(self, collection: str, owner: str, body: dict[str, Any], answer: Answer) -> None:
        assert answer.status == 201, answer
        document = answer.json
        item_id = document["id"]
        expected = {**DEFAULTS[collection], **body, "id": item_id}
        assert {name: document[name] for name in expected} == expected
        assert set(document) == {*expected, "created_at", "updated_at"}
        assert document["created_at"] == document["updated_at"]
        assert datetime.fromisoformat(document["created_at"]).utcoffset() == timedelta()
        assert answer.headers["location"].endswith(f"{collection}/{item_id}")
        items = self.items_of(collection, owner)
        assert item_id not in items
        items[item_id] = Stored(document, [answer.headers["etag"]])
        self.made.append(Id(collection, owner, item_id))

    @rule(collection=COLLECTION_NAMES, owner=OWNER_NAMES, data=st.data())
    def reject(self, collection: str, owner: str, data: st.DataObject) -> None:
        """An invalid body is rejected and changes nothing."""
        good = data.draw(bodies(collection))
        wrong = data.draw(WRONG_TEXTS | WRONG_MEMBERS.map(lambda members: {**good, **members}))
        method, item_id = data.draw(st.sampled_from([("POST", ""), ("PUT", self.any_id(data).text)]))
        assert self.send(method, collection, owner, item_id, wrong).status == 400
        plain = {"Content-Type": PLAIN}
        assert self.send(method, collection, owner, item_id, good, headers=plain).status == 415

    @rule(data=st.data(), method=st.sampled_from(["GET", "HEAD"]), form=IF_NONE_MATCH)
    def read(self, data: st.DataObject, method: str, form: str) -> None:
        item, owner = self.target(data)
        stored = self.items_of(item.collection, owner).get(item.text)
        header = tag_header(form, stored)
        answer = self.ask(
            method, item.collection, owner, item.text, headers={"If-None-Match": header} if header else {}
        )
        if stored is None:
            assert answer.status == 404, answer
            return
        assert answer.headers["etag"] == stored.tags[-1]
        if form in ("current", "any", "listed", "weak"):
            assert (answer.status, answer.text) == (304, "")
            return
        assert answer.status == 200
        assert (answer.json == stored.document) if method == "GET" else (answer.text == "")

    @rule(data=st.data(), form=IF_MATCH)
    def replace(self, data: st.DataObject, form: str) -> None:
        item, owner = self.target(data)
        body = data.draw(bodies(item.collection))
        self.changed("PUT", owner, item, form, body, {**DEFAULTS[item.collection], **body})

    @rule(data=st.data(), form=IF_MATCH, kind=st.sampled_from([JSON, MERGE_PATCH]))
    def update(self, data: st.DataObject, form: str, kind: str) -> None:
        item, owner = self.target(data)
        patch = data.draw(patches(item.collection))
        defaults = DEFAULTS[item.collection]
        fields = {name: defaults[name] if value is None else value for name, value in patch.items()}
        self.changed("PATCH", owner, item, form, patch, fields, kind)

    @rule(data=st.data(), wrong=st.sampled_from(["name", "unknown"]))
    def reject_a_patch(self, data: st.DataObject, wrong: str) -> None:
        item, owner = self.target(data)
        answer = self.send("PATCH", item.collection, owner, item.text, {wrong: None if wrong == "name" else 1})
        assert answer.status == (400 if item.text in self.items_of(item.collection, owner) else 404)

    def changed(
        self, method: str, owner: str, item: Id, form: str, body: Any, fields: dict[str, Any], kind: str = JSON
    ) -> None:
        stored = self.items_of(item.collection, owner).get(item.text)
        header = tag_header(form, stored)
        headers = {"Content-Type": kind, **({"If-Match": header} if header else {})}
        answer = self.send(method, item.collection, owner, item.text, body, headers=headers)
        if self.rejects(stored, form, answer):
            return
        assert answer.status == 200, answer
        assert stored is not None
        document, tag = answer.json, answer.headers["etag"]
        assert document == {**stored.document, **fields, "updated_at": document["updated_at"]}
        assert document["updated_at"] >= stored.document["updated_at"]
        assert tag not in stored.tags
        stored.document = document
        stored.tags.append(tag)
        stored.age = 0

    @rule(data=st.data(), form=IF_MATCH)
    def delete(self, data: st.DataObject, form: str) -> None:
        item, owner = self.target(data)
        stored = self.items_of(item.collection, owner).get(item.text)
        header = tag_header(form, stored)
        answer = self.ask("DELETE", item.collection, owner, item.text, headers={"If-Match": header} if header else {})
        if not self.rejects(stored, form, answer):
            assert (answer.status, answer.text) == (204, "")
            del self.items_of(item.collection, owner)[item.text]

    def rejects(self, stored: Stored | None, form: str, answer: Answer) -> bool:
        """Return whether the dictionary rejects a change, and check that the API rejects it too."""
        if stored is None:
            assert answer.status == 404, answer
            return True
        if form in ("stale", "weak", "unknown"):
            assert answer.status == 412, answer
            return True
        return False

    @rule(
        collection=COLLECTION_NAMES, owner=OWNER_NAMES, limit=st.sampled_from([1, 2, 4]),
        order=st.sampled_from(["newest", "oldest"]), data=st.data(),
    )  # fmt: skip
    def page_through(self, collection: str, owner: str, limit: int, order: str, data: st.DataObject) -> None:
        query = data.draw(st.sampled_from(QUERIES[collection]))
        query = {"limit": str(limit)} | ({} if field_of(query) else {"order": order}) | query
        head = self.ask("HEAD", collection, owner, query=query)
        assert (head.status, head.text) == (200, "")
        assert self.pages(collection, owner, query) == selected(self.items_of(collection, owner), query)

    def pages(self, collection: str, owner: str, query: dict[str, str]) -> list[Any]:
        """Return the items of all pages of a list, as `with_ids_in_order`; only the last page may be short."""
        found: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            page = self.ask("GET", collection, owner, query=query | cursor).json
            found += page[collection]
            if page["next_cursor"] is None:
                return with_ids_in_order({collection: found}, collection, query)
            assert len(page[collection]) == int(query["limit"])
            cursor = {"cursor": page["next_cursor"]}

    @rule(collection=COLLECTION_NAMES, owner=OWNER_NAMES, data=st.data())
    def follow_a_cursor_of_anyone(self, collection: str, owner: str, data: st.DataObject) -> None:
        item = self.any_id(data)
        query = data.draw(st.sampled_from(QUERIES[item.collection]))
        first = self.ask("GET", item.collection, owner, query={**query, "limit": "1"}).json
        if first["next_cursor"]:
            (last,) = first[item.collection]
            for other in OWNERS:
                cursor = {"cursor": first["next_cursor"], "limit": "100"}
                answer = self.ask(
                    "GET", collection, other, query=cursor | (query if collection == item.collection else {})
                )
                if (collection, other) == (item.collection, owner):
                    self.follows(answer, collection, owner, query, last)
                else:
                    assert answer.status == 400

    def follows(self, answer: Answer, collection: str, owner: str, query: dict[str, str], last: dict[str, Any]) -> None:
        """Check a page that continues after an item; items with an equal sort key may be before or after it."""
        known = selected(self.items_of(collection, owner), query)
        found = with_ids_in_order(answer.json, collection, query)
        key = sort_key(collection, query)
        (place,) = (index for index, each in enumerate(known) if each == last)
        rest = [each for each in known[place:] if each[key] != last[key]]
        same = found[: len(found) - len(rest)]
        assert found == same + rest
        assert all(each[key] == last[key] and each != last for each in same)

    @rule(owner=OWNER_NAMES, data=st.data())
    def look_up(self, owner: str, data: st.DataObject) -> None:
        item = self.any_id(data)
        answer = self.ask("GET", "users", owner, query={"userId": item.text})
        if item.text.startswith("-"):
            assert answer.status == 400
            return
        stored = self.items_of("users", owner).get(item.text)
        assert answer.json == {"users": [stored.document] if stored else [], "next_cursor": None}

    @rule(
        collection=COLLECTION_NAMES, owner=OWNER_NAMES,
        query=st.sampled_from([
            {"limit": "0"}, {"cursor": "?"}, {"order": "up"}, {"name": "a"}, {"date": "soon"}, {"date_to": "x"},
            {"date_from": "2026-06-16", "date_to": "2026-06-15"}, {"date_from": "2026-06-15", "order": "newest"},
            {"date": "2026-06-15", "date_from": "2026-06-15"}, {"name_from": "a"}, {"order": "-name"},
        ]),
    )  # fmt: skip
    def reject_a_list(self, collection: str, owner: str, query: dict[str, str]) -> None:
        assert self.ask("GET", collection, owner, query=query).status == 400

    @invariant()
    def every_owner_sees_their_own(self) -> None:
        for collection in sorted(self.unchecked):
            self.lists_are_equal(collection)
        self.unchecked.clear()

    def lists_are_equal(self, collection: str) -> None:
        self.order = "oldest" if self.order == "newest" else "newest"
        for owner in OWNERS:
            items = self.items_of(collection, owner)
            answer = self.ask("GET", collection, owner, query={"limit": "100", "order": self.order})
            assert answer.status == 200
            assert with_ids_in_order(answer.json, collection, {"order": self.order}) == selected(
                items, {"order": self.order}
            )
            for probe in PROBES.get(collection, ()):
                query = {"order": self.order, "limit": "1", **probe}
                assert self.pages(collection, owner, query) == selected(items, query)


PROBES = {"users": [{"email": "c@d"}], "events": [{"order": "-date"}]}
"""The lists requested after each change: with an ambiguous combination of owner and value, and of changed dates."""

QUERIES: Mapping[str, list[dict[str, str]]] = {
    "items": [{}],
    "users": [{}, {"email": "c@d"}, {"email": "b#email#c@d"}],
    "events": [
        {}, {"date": "2026-06-15"}, {"date": "2024-02-29"}, {"order": "date"}, {"order": "-date"},
        {"date_from": "2026-06-15"}, {"date_to": "2026-06-15", "order": "-date"}, {"date_from": "2024-03-01"},
        {"date_from": "2026-06-15", "date_to": "2026-06-15"}, {"date_from": "2027-01-01"},
    ],
}  # fmt: skip
"""The filters, ranges and orders that are requested."""


def field_of(query: Mapping[str, str]) -> str:
    """Return the field that a list is in order of; empty for the time of creation."""
    ranges = {"date_from", "date_to"} & set(query) or query.get("order") in ("date", "-date")
    return "date" if ranges else ""


def selected(items: Mapping[str, Stored], query: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the items of a list, in its order; items with equal sort keys are in order of their ids."""
    documents = [
        document
        for document in (stored.document for stored in items.values())
        if all(document[name] == query[name] for name in ("email", "date") if name in query)
        and query.get("date_from", "") <= document.get("date", "") <= query.get("date_to", "9999-12-31")
    ]
    key = field_of(query) or "created_at"
    return sorted(documents, key=itemgetter(key, "id"), reverse=is_descending(query))


def is_descending(query: Mapping[str, str]) -> bool:
    return query.get("order") == "-date" if field_of(query) else query.get("order") != "oldest"


def with_ids_in_order(page: Mapping[str, Any], collection: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the items of a page with those of each sort key in order of their ids.

    A list that is read from the table is in this order already. All others are read from an index, and DynamoDB defines
    no order of equal sort keys.
    """
    key = sort_key(collection, query)
    groups = groupby(page[collection], key=itemgetter(key))
    return [each for _, group in groups for each in sorted(group, key=itemgetter("id"), reverse=is_descending(query))]


def sort_key(collection: str, query: Mapping[str, str]) -> str:
    """Return the sort key of a list: a field, the time of creation, or the id if it contains the time."""
    if field_of(query):
        return field_of(query)
    return "created_at" if COLLECTIONS[collection].client_ids or {"email", "date"} & set(query) else "id"


def tag_header(form: str, stored: Stored | None) -> str:
    """Return a header's value that contains the item's tag in some form; empty for no header."""
    current = stored.tags[-1] if stored else '"none"'
    older = stored.tags[-2] if stored and len(stored.tags) > 1 else '"older"'
    return {
        "": "", "current": current, "any": "*", "listed": f'"other", {current}', "stale": older, "weak": f"W/{current}",
        "unknown": '"unknown"',
    }[form]  # fmt: skip


def run(start: Callable[[], Call], *, examples: int, steps: int) -> None:
    """Run the machine; `start` returns a function that sends requests."""
    numbers = count()

    class Machine(ApiMachine):
        def __init__(self) -> None:
            super().__init__(start(), next(numbers))

    run_machine(Machine, examples=examples, steps=steps)


def run_with_lifetimes(
    start: Callable[[], Call], lifetimes: Mapping[str, int], wait: Callable[[int], None], *, examples: int, steps: int
) -> None:
    """Run the machine with items that expire after these days, by collection; `wait` lets days pass."""
    numbers = count()

    class Machine(ApiMachine):
        def __init__(self) -> None:
            super().__init__(start(), next(numbers))

        @rule(days=st.sampled_from([1, 1, 2, 3]))
        def days_pass(self, days: int) -> None:
            wait(days)
            self.remembered.clear()  # idempotency keys are kept for a day
            self.unchecked |= lifetimes.keys()
            for (collection, _), items in self.stored.items():
                for item_id, stored in list(items.items()):
                    stored.age += days
                    if stored.age >= lifetimes.get(collection, stored.age + 1):
                        del items[item_id]

    run_machine(Machine, examples=examples, steps=steps)


def run_machine(machine: type[ApiMachine], *, examples: int, steps: int) -> None:
    """Run a machine."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            phases=[Phase.generate],  # add Phase.shrink to debug a failure; it takes minutes
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
