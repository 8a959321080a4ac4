"""Every attack through the authorizer: it is refused by the check that it is about, and its valid twin passes."""

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
    def test_is_unauthorized_for_its_own_reason(self, name: str) -> None:
        attack = ATTACKS[name]
        asked = harness(attack)
        for event in (rest(attack.forge()), http(attack.forge())):
            with pytest.raises(Exception, match=r"^Unauthorized$") as refused:
                asked.authorizer(event, None)
            assert type(refused.value) is Exception
            assert refused.value.__cause__ is refused.value.__context__ is None
            assert asked.reason == attack.reason

    def test_has_a_twin_that_passes(self, name: str) -> None:
        attack = ATTACKS[name]
        asked = harness(attack)
        answer = asked.authorizer(rest(attack.twin()), None)
        assert {"GET/items*", "???/items*"} & set(allowed(answer))
        assert asked.reason == "ok"

    def test_is_refused_also_after_its_twin_was_remembered(self, name: str) -> None:
        attack = ATTACKS[name]
        asked = harness(attack)
        asked.authorizer(rest(attack.twin()), None)
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            asked.authorizer(rest(attack.forge()), None)


def test_the_corpus_has_more_than_eighty_attacks() -> None:
    tables = [value for name, value in vars(attacks).items() if isinstance(value, dict) and name != "ATTACKS"]
    named = [table for table in tables if all(isinstance(attack, Attack) for attack in table.values())]
    assert sum(map(len, named)) == len(ATTACKS) > 80
