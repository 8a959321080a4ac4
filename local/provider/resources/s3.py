"""S3: buckets, and the parts of a bucket's configuration that are resources in Pulumi."""

from typing import Any, Final, cast

from local.provider.connection import Connection
from local.provider.live import Live, tags_of
from local.provider.properties import Properties
from local.provider.resource_type import Call, ResourceType, Step, Update
from local.provider.state import Document, State

_NAMES: Final = {"ID": "id", "KMSMasterKeyID": "kmsMasterKeyId", "SSEAlgorithm": "sseAlgorithm"}
"""Pulumi's names by those of S3 that differ by more than the case of the first letter."""
_S3_NAMES: Final = {pulumi: s3 for s3, pulumi in _NAMES.items()}


def _to_s3(value: Any) -> Any:
    """Return properties as parameters of S3."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value).items()
        return {_S3_NAMES.get(name, name[:1].upper() + name[1:]): _to_s3(item) for name, item in members}
    if isinstance(value, list):
        return [_to_s3(item) for item in cast("list[Any]", value)]
    return int(value) if isinstance(value, float) else value


def _from_s3(value: Any) -> Any:
    """Return a description by S3 as properties."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value).items()
        return {_NAMES.get(name, name[:1].lower() + name[1:]): _from_s3(item) for name, item in members}
    return [_from_s3(item) for item in cast("list[Any]", value)] if isinstance(value, list) else value


def _configure_bucket(given: Properties) -> Step:
    tags = Properties(given.pop_many("tags"))

    def apply(call: Call) -> Document:
        if "tags" in tags:
            _set_tags(call.connection, State(id=call.parameters["Bucket"], inputs={}), tags)
        return {}

    return apply


def _set_tags(connection: Connection, state: State, given: Properties) -> None:
    client, tags = connection.client("s3"), cast("dict[str, str]", given.pop("tags") or {})
    if tags:
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        client.put_bucket_tagging(Bucket=state.id, Tagging={"TagSet": pairs})
    else:
        client.delete_bucket_tagging(Bucket=state.id)


def _read_bucket(connection: Connection, state: State) -> Live:
    client = connection.client("s3")
    client.head_bucket(Bucket=state.id)
    try:
        tags = tags_of(client.get_bucket_tagging(Bucket=state.id)["TagSet"])
    except client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchTagSet":
            raise
        tags = {}
    return Live(inputs={"bucket": state.id, "tags": tags}, outputs={"arn": _arn(state.id)})


def _arn(bucket: str) -> str:
    return f"arn:aws:s3:::{bucket}"


def _read_versioning(connection: Connection, state: State) -> Live | None:
    status = connection.client("s3").get_bucket_versioning(Bucket=state.id).get("Status")
    return Live(inputs={"bucket": state.id, "versioningConfiguration": {"status": status}}) if status else None


def _suspend_versioning(connection: Connection, state: State) -> None:
    configuration = {"Status": "Suspended"}
    connection.client("s3").put_bucket_versioning(Bucket=state.id, VersioningConfiguration=configuration)


def _rules(operations: str, member: str, deletion: str) -> ResourceType:
    """Return the type of a list of rules, named by the noun of its operations and their member that has the rules."""

    def convert(given: Properties) -> Document:
        return {member: {"Rules": _to_s3(given.pop("rules"))}}

    def read(connection: Connection, state: State) -> Live:
        found = connection.call("s3", f"Get{operations}", {"Bucket": state.id})
        rules = found.get(member, found)["Rules"]
        return Live(inputs={"bucket": state.id, "rules": _from_s3(rules)})

    return ResourceType(
        service="s3",
        operation=f"Put{operations}",
        id="Bucket",
        convert=convert,
        replaces=("bucket",),
        overwrites=True,
        read=read,
        delete=lambda connection, state: connection.call("s3", deletion, {"Bucket": state.id}),
    )


_PUBLIC_ACCESS: Final = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _read_public_access(connection: Connection, state: State) -> Live:
    found = connection.client("s3").get_public_access_block(Bucket=state.id)["PublicAccessBlockConfiguration"]
    return Live(inputs={"bucket": state.id, **_from_s3(found)})


def _read_policy(connection: Connection, state: State) -> Live:
    policy = connection.client("s3").get_bucket_policy(Bucket=state.id)["Policy"]
    return Live(inputs={"bucket": state.id, "policy": policy})


TYPES: Final = {
    "aws:s3/bucket:Bucket": ResourceType(
        service="s3",
        operation="CreateBucket",
        configure=_configure_bucket,
        name_property="bucket",
        id="Bucket",
        computed=lambda call: {"arn": _arn(call.parameters["Bucket"])},
        replaces=("bucket",),
        updates=(Update(inputs=("tags",), apply=_set_tags),),
        read=_read_bucket,
        delete=lambda connection, state: connection.client("s3").delete_bucket(Bucket=state.id),
    ),
    "aws:s3/bucketVersioning:BucketVersioning": ResourceType(
        service="s3",
        operation="PutBucketVersioning",
        id="Bucket",
        replaces=("bucket",),
        overwrites=True,
        read=_read_versioning,
        delete=_suspend_versioning,
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _rules(
        "BucketEncryption", "ServerSideEncryptionConfiguration", "DeleteBucketEncryption"
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _rules(
        "BucketLifecycleConfiguration", "LifecycleConfiguration", "DeleteBucketLifecycle"
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": ResourceType(
        service="s3",
        operation="PutPublicAccessBlock",
        id="Bucket",
        convert=lambda given: {"PublicAccessBlockConfiguration": _to_s3(given.pop_many(*_PUBLIC_ACCESS))},
        replaces=("bucket",),
        overwrites=True,
        read=_read_public_access,
        delete=lambda connection, state: connection.client("s3").delete_public_access_block(Bucket=state.id),
    ),
    "aws:s3/bucketPolicy:BucketPolicy": ResourceType(
        service="s3",
        operation="PutBucketPolicy",
        id="Bucket",
        replaces=("bucket",),
        overwrites=True,
        read=_read_policy,
        delete=lambda connection, state: connection.client("s3").delete_bucket_policy(Bucket=state.id),
    ),
}
