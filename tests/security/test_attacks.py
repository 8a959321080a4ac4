"""Every attack is rejected by the check that it targets, and its valid twin is accepted."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.security import attacks
from tests.security.attacks import ATTACKS, Attack
from tests.unit.authorizer.provider import STAGE, Harness, Provider, allowed, issuer


def harness(attack: Attack) -> Harness:
    provider = Provider(*attack.keys()) if attack.keys else Provider()
    return Harness(provider, issuers=(issuer(**attack.issuer),))


def rest(value: str) -> dict[str, Any]:
    return {"type": "TOKEN", "authorizationToken": value, "methodArn": STAGE + "GET/items"}


def http(value: str) -> dict[str, Any]:
    return {"version": "2.0", "type": "REQUEST", "identitySource": [value], "routeArn": STAGE + "GET/items"}


@pytest.mark.parametrize("name", ATTACKS)
class TestAttack:
    def test_it_is_rejected_for_its_own_reason(self, name: str) -> None:
        attack = ATTACKS[name]
        tested = harness(attack)
        for event in (rest(attack.forge()), http(attack.forge())):
            with pytest.raises(Exception, match=r"^Unauthorized$") as caught:
                tested.authorizer(event, None)
            assert type(caught.value) is Exception
            assert caught.value.__cause__ is caught.value.__context__ is None
            assert tested.reason == attack.reason

    @pytest.mark.parametrize("event", [rest, http])
    def test_its_valid_twin_is_accepted(self, name: str, event: Callable[[str], dict[str, Any]]) -> None:
        attack = ATTACKS[name]
        tested = harness(attack)
        output = tested.authorizer(event(attack.twin()), None)
        assert {"GET/items*", "???/items*"} & set(allowed(output))
        assert tested.reason == "ok"

    @pytest.mark.parametrize("event", [rest, http])
    def test_it_is_rejected_after_its_twin_was_cached(self, name: str, event: Callable[[str], dict[str, Any]]) -> None:
        attack = ATTACKS[name]
        tested = harness(attack)
        tested.authorizer(event(attack.twin()), None)
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            tested.authorizer(event(attack.forge()), None)


def test_the_corpus_has_more_than_eighty_attacks() -> None:
    tables = [value for name, value in vars(attacks).items() if isinstance(value, dict) and name != "ATTACKS"]
    named = [table for table in tables if all(isinstance(attack, Attack) for attack in table.values())]
    assert sum(map(len, named)) == len(ATTACKS) > 80
