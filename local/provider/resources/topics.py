"""SNS: topics, their policies and subscriptions."""

from typing import Final

from local.provider.connection import Connection
from local.provider.live import Live, chosen, tags_of
from local.provider.properties import Properties
from local.provider.resource_type import Call, ResourceType, Update
from local.provider.state import Document, State
from local.provider.tags import tags

_ATTRIBUTES: Final = {"displayName": "DisplayName", "kmsMasterKeyId": "KmsMasterKeyId"}
_PENDING: Final = "pending confirmation"


def _to_attributes(given: Properties) -> Document:
    return {"Attributes": {_ATTRIBUTES[name]: value for name, value in given.pop_many(*_ATTRIBUTES).items()}}


def _read_topic(connection: Connection, state: State) -> Live:
    client = connection.client("sns")
    attributes = client.get_topic_attributes(TopicArn=state.id)["Attributes"]
    found = tags_of(client.list_tags_for_resource(ResourceArn=state.id)["Tags"])
    inputs = {"name": state.id.rpartition(":")[2], "tags": found, **chosen(attributes, *_ATTRIBUTES)}
    return Live(inputs=inputs, outputs={"arn": state.id})


def _update_topic(connection: Connection, state: State, given: Properties) -> None:
    for name, attribute in _ATTRIBUTES.items():
        value = str(given.pop(name, ""))
        if value != state.inputs.get(name, ""):
            _set(connection, state.id, attribute, value)


def _set(connection: Connection, topic: str, attribute: str, value: str) -> None:
    connection.client("sns").set_topic_attributes(TopicArn=topic, AttributeName=attribute, AttributeValue=value)


def _read_policy(connection: Connection, state: State) -> Live | None:
    attributes = connection.client("sns").get_topic_attributes(TopicArn=state.id)["Attributes"]
    policy = attributes.get("Policy")
    return Live(inputs={"arn": state.id, "policy": policy}) if policy else None


def _subscription(call: Call) -> Document:
    """Return the id of a subscription, also of one that is not confirmed yet."""
    arn = call.response["SubscriptionArn"]
    if arn == _PENDING:
        wanted = (call.parameters["Protocol"], call.parameters["Endpoint"])
        pages = call.connection.client("sns").get_paginator("list_subscriptions_by_topic")
        found = (
            each for page in pages.paginate(TopicArn=call.parameters["TopicArn"]) for each in page["Subscriptions"]
        )
        arn = next(each["SubscriptionArn"] for each in found if (each["Protocol"], each["Endpoint"]) == wanted)
    return {"id": arn, "arn": arn}


def _read_subscription(connection: Connection, state: State) -> Live:
    found = connection.client("sns").get_subscription_attributes(SubscriptionArn=state.id)["Attributes"]
    inputs = {"topic": found["TopicArn"], "protocol": found["Protocol"], "endpoint": found["Endpoint"]}
    return Live(inputs=inputs, outputs={"arn": state.id})


TYPES: Final = {
    "aws:sns/topic:Topic": ResourceType(
        service="sns",
        operation="CreateTopic",
        name_property="name",
        convert=_to_attributes,
        id="TopicArn",
        outputs={"arn": "TopicArn"},
        replaces=("name",),
        updates=(Update(inputs=tuple(_ATTRIBUTES), apply=_update_topic), tags("sns")),
        read=_read_topic,
        delete=lambda connection, state: connection.client("sns").delete_topic(TopicArn=state.id),
    ),
    "aws:sns/topicPolicy:TopicPolicy": ResourceType(
        service="sns",
        operation="SetTopicAttributes",
        renames={"TopicArn": "arn", "AttributeValue": "policy"},
        convert=lambda _: {"AttributeName": "Policy"},
        id="TopicArn",
        replaces=("arn",),
        overwrites=True,
        read=_read_policy,
        # SNS has no topics without a policy, and their default would allow more.
        delete=lambda connection, state: _set(connection, state.id, "Policy", ""),
    ),
    "aws:sns/topicSubscription:TopicSubscription": ResourceType(
        service="sns",
        operation="Subscribe",
        renames={"TopicArn": "topic"},
        computed=_subscription,
        id="SubscriptionArn",
        replaces=("topic", "protocol", "endpoint"),
        read=_read_subscription,
        delete=lambda connection, state: connection.client("sns").unsubscribe(SubscriptionArn=state.id),
    ),
}
