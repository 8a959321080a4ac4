"""The settings of the tables: capacity and its scaling, protection, and the key that encrypts them."""

import json
from typing import Any

import pytest

from handlers.contract import FieldError
from infra.data.data_settings import CapacitySettings, DataSettings, TableOverride, Units
from infra.packaging.bundles import ROOT
from local.engine import ProgramError, Resource
from local.engine.paths import with_ignored_changes
from local.plans.architecture import Architecture
from local.plans.plan import example, plan
from local.provider import Provider
from local.provider.example import ExampleProvider

TABLE = "aws:dynamodb/table:Table"
TARGET = "aws:appautoscaling/target:Target"
POLICY = "aws:appautoscaling/policy:Policy"
RANGE = {"minimum": 5, "maximum": 50}
SCALED = {"mode": "provisioned", "reads": RANGE | {"utilization": 0.5}, "writes": RANGE}
TABLES = [f"gatehouse-dev-{name}" for name in ("events", "items", "users", "authorizer-revocations")]
FIXED = {"mode": "provisioned", "reads": {"minimum": 7}, "writes": {"minimum": 8, "maximum": 8}}


def planned(**data: Any) -> Architecture:
    values = {f"data.{name}": json.dumps(value) for name, value in data.items()}
    return Architecture(example(ROOT, "dev", {**values, "revocation.enabled": "true"}))


def existing(monkeypatch: pytest.MonkeyPatch, mode: str) -> list[str]:
    """Let all tables exist in the example account with this billing mode; return the lookups."""
    asked: list[str] = []
    original = ExampleProvider.invoke

    def invoke(self: ExampleProvider, token: str, args: dict[str, Any]) -> dict[str, Any] | None:
        function = token.rpartition(":")[2]
        if function not in ("getTables", "getTable"):
            return original(self, token, args)
        asked.append(function)
        return {"names": TABLES} if function == "getTables" else {"name": args["name"], "billingMode": mode}

    monkeypatch.setattr(ExampleProvider, "invoke", invoke)
    return asked


@pytest.fixture
def provisioned_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    existing(monkeypatch, "PROVISIONED")


def capacities(*, before: dict[str, Any], after: dict[str, Any]) -> list[int | None]:
    """Return the reads and writes of a table and its two indexes after a change, as the engine decides."""
    old, new = (table(planned(capacity=each), "users") for each in (before, after))
    inputs = with_ignored_changes(new.inputs, old.inputs, new.ignore_changes)
    parts = (inputs, *inputs["globalSecondaryIndexes"])
    return [each.get(f"{kind}Capacity") for each in parts for kind in ("read", "write")]


def table(plan: Architecture, name: str) -> Resource:
    (found,) = (each for each in plan.deployment.of_type(TABLE) if each.name == name)
    return found


class TestCapacity:
    def test_by_default_every_table_is_on_demand_without_limits(self) -> None:
        for each in planned().deployment.of_type(TABLE):
            assert each.inputs["billingMode"] == "PAY_PER_REQUEST"
            assert "onDemandThroughput" not in each.inputs
            assert all("onDemandThroughput" not in index for index in each.inputs["globalSecondaryIndexes"])

    def test_a_limit_on_demand_is_one_of_the_table_and_of_each_index(self) -> None:
        users = table(planned(capacity={"reads": {"maximum": 100}}), "users").inputs
        limited = [users, *users["globalSecondaryIndexes"]]
        assert [each["onDemandThroughput"] for each in limited] == [{"maxReadRequestUnits": 100}] * 3

    def test_zero_removes_a_limit(self) -> None:
        users = table(planned(capacity={"writes": {"maximum": 0}}), "users").inputs
        assert users["onDemandThroughput"] == {"maxWriteRequestUnits": -1}

    def test_a_fixed_capacity_is_one_of_the_table_and_of_each_index_and_is_not_scaled(self) -> None:
        plan = planned(capacity=FIXED)
        users = table(plan, "users")
        assert users.inputs["billingMode"] == "PROVISIONED"
        provisioned = [users.inputs, *users.inputs["globalSecondaryIndexes"]]
        assert [(each["readCapacity"], each["writeCapacity"]) for each in provisioned] == [(7, 8)] * 3
        assert plan.deployment.of_type(TARGET) == ()
        assert not users.ignore_changes

    def test_a_range_is_scaled_for_the_table_and_each_index(self) -> None:
        plan = planned(capacity=SCALED)
        targets = [each.inputs for each in plan.deployment.of_type(TARGET) if "gatehouse-dev-users" in str(each.inputs)]
        found = {(each["resourceId"], each["scalableDimension"]) for each in targets}
        name = "table/gatehouse-dev-users"
        assert found == {
            *((name, f"dynamodb:table:{kind}CapacityUnits") for kind in ("Read", "Write")),
            *(
                (f"{name}/index/{index}", f"dynamodb:index:{kind}CapacityUnits")
                for index in ("by_email", "by_created")
                for kind in ("Read", "Write")
            ),
        }
        assert {(each["minCapacity"], each["maxCapacity"]) for each in targets} == {(5, 50)}

    def test_each_target_is_tracked_at_its_utilization(self) -> None:
        policies = [each.inputs for each in planned(capacity=SCALED).deployment.of_type(POLICY)]
        found = {
            (
                each["scalableDimension"].split(":")[2],
                tracking["predefinedMetricSpecification"]["predefinedMetricType"],
                tracking["targetValue"],
            )
            for each in policies
            for tracking in [each["targetTrackingScalingPolicyConfiguration"]]
        }
        assert found == {
            ("ReadCapacityUnits", "DynamoDBReadCapacityUtilization", 50),
            ("WriteCapacityUnits", "DynamoDBWriteCapacityUtilization", 70),
        }

    @pytest.mark.usefixtures("provisioned_tables")
    def test_only_scaled_capacities_are_ignored(self) -> None:
        users = table(planned(capacity={**FIXED, "reads": RANGE}), "users")
        assert users.ignore_changes == ("readCapacity", "globalSecondaryIndexes[*].readCapacity")

    @pytest.mark.usefixtures("provisioned_tables")
    def test_a_provisioned_table_keeps_the_capacity_that_scaling_gave_it(self) -> None:
        assert (
            capacities(before={**FIXED, "reads": {"minimum": 40}, "writes": {"minimum": 40}}, after=SCALED) == [40] * 6
        )

    def test_a_table_on_demand_gets_the_minimum_of_its_range(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is ignored keeps its old value, and a table on demand has none: with none, it would have one unit."""
        existing(monkeypatch, "PAY_PER_REQUEST")
        assert capacities(before={}, after=SCALED) == [5] * 6
        assert table(planned(capacity=SCALED), "users").ignore_changes == ()

    def test_a_table_without_scaling_is_not_looked_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = existing(monkeypatch, "PROVISIONED")
        planned(capacity=FIXED)
        assert asked == []

    def test_a_table_can_differ_from_the_others_and_so_can_the_denylist(self) -> None:
        overrides = {"events": {"capacity": {}}, "authorizer-revocations": {"capacity": {}}}
        plan = planned(capacity=FIXED, overrides=overrides)
        modes = {each.name: each.inputs["billingMode"] for each in plan.deployment.of_type(TABLE)}
        assert {name for name, mode in modes.items() if mode == "PAY_PER_REQUEST"} == set(overrides)

    def test_scaling_is_rejected_by_name_on_the_local_stack(self) -> None:
        for type_ in (TARGET, POLICY):
            (failure,) = Provider(None).check(type_, {})
            assert "not supported locally" in failure.reason


class TestProtection:
    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            ({}, (False, False, {"enabled": False})),
            ({"protect": True}, (True, True, {"enabled": True, "recoveryPeriodInDays": 35})),
            ({"protect": True, "recoveryDays": 0}, (True, True, {"enabled": False})),
            (
                {"protect": True, "deletionProtection": False},
                (True, False, {"enabled": True, "recoveryPeriodInDays": 35}),
            ),
            ({"deletionProtection": True}, (False, True, {"enabled": False})),
            ({"recoveryDays": 7}, (False, False, {"enabled": True, "recoveryPeriodInDays": 7})),
        ],
    )  # fmt: skip
    def test_each_kind_can_be_set_and_protect_is_the_default_of_all(self, data: dict[str, Any], expected: Any) -> None:
        for each in planned(**data).deployment.of_type(TABLE):
            inputs = each.inputs
            found = (each.protect, inputs["deletionProtectionEnabled"], inputs["pointInTimeRecovery"])
            assert found == expected


class TestEncryption:
    def test_without_a_key_of_the_stack_each_table_names_the_one_that_aws_owns(self) -> None:
        """A table would keep the stack's key if the setting that removes the key did not change the table."""
        plan = planned()
        found = [each.inputs["serverSideEncryption"] for each in plan.deployment.of_type(TABLE)]
        assert found == [{"enabled": False}] * 4
        assert plan.deployment.of_type("aws:kms/key:Key") == ()

    def test_one_key_encrypts_all_tables_and_the_denylist(self) -> None:
        plan = planned(encryption="customer", protect=True)
        (key,) = plan.deployment.of_type("aws:kms/key:Key")
        for each in plan.deployment.of_type(TABLE):
            assert each.inputs["serverSideEncryption"] == {"enabled": True, "kmsKeyArn": key.outputs["arn"]}
            assert key.urn in each.dependencies
        assert key.protect

    def test_only_roles_of_the_stack_may_use_it_and_only_through_dynamodb(self) -> None:
        (key,) = planned(encryption="customer").deployment.of_type("aws:kms/key:Key")
        _, tables = json.loads(key.inputs["policy"])["Statement"]
        assert tables["Condition"] == {
            "StringEquals": {
                "kms:CallerAccount": "123456789012",
                "kms:ViaService": "dynamodb.us-east-1.amazonaws.com",
            },
            "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/gatehouse-dev-*"},
        }


class TestProblems:
    @pytest.mark.parametrize(
        ("capacity", "expected"),
        [
            (CapacitySettings(reads=Units(minimum=1)), [("reads.minimum", "requires mode: provisioned")]),
            (CapacitySettings(writes=Units(utilization=0.5)), [("writes.utilization", "requires mode: provisioned")]),
            (
                CapacitySettings(mode="provisioned", reads=Units(minimum=1)),
                [("writes.minimum", "is required with mode: provisioned")],
            ),
            (
                CapacitySettings(mode="provisioned", reads=Units(minimum=9, maximum=3), writes=Units(minimum=1)),
                [("reads.minimum", "must be at most maximum, 3")],
            ),
            (
                CapacitySettings(
                    mode="provisioned", reads=Units(minimum=3, utilization=0.5), writes=Units(minimum=1, maximum=2)
                ),
                [("reads.utilization", "needs a maximum above the minimum")],
            ),
            (CapacitySettings(reads=Units(maximum=9)), []),
        ],
    )
    def test_wrong_combinations_are_named(self, capacity: CapacitySettings, expected: list[tuple[str, str]]) -> None:
        override = DataSettings(overrides={"items": TableOverride(capacity=capacity)})
        for settings, key in (
            (DataSettings(capacity=capacity), "data.capacity"),
            (override, "data.overrides.items.capacity"),
        ):
            found = [(each.field, each.detail) for each in settings.problems()]
            assert found == [(f"{key}.{name}", detail) for name, detail in expected]
        assert all(isinstance(each, FieldError) for each in override.problems())

    def test_they_are_reported_with_the_other_mistakes_of_a_stack_file(self) -> None:
        with pytest.raises(ProgramError, match=r"gatehouse:data\.capacity\.writes\.minimum"):
            plan(ROOT, "dev", {"data.capacity": json.dumps({"mode": "provisioned", "reads": {"minimum": 1}})})

    @pytest.mark.parametrize("setting", ["overrides", "lifetimes"])
    def test_an_unknown_collection_is_named(self, setting: str) -> None:
        value = {"orders": 3 if setting == "lifetimes" else {"capacity": {}}}
        with pytest.raises(ProgramError, match=rf"gatehouse:data\.{setting}\.orders: unknown name; allowed: .*items"):
            plan(ROOT, "dev", {f"data.{setting}": json.dumps(value)})
