"""The provider without an endpoint, as previews use it."""

from local.engine.values import UNKNOWN
from local.provider import Provider


def test_an_input_that_is_not_known_yet_is_not_checked() -> None:
    inputs = {"name": "api", "body": UNKNOWN}
    assert Provider(None).check("aws:apigateway/restApi:RestApi", inputs) == []
    assert Provider(None).check("aws:apigateway/restApi:RestApi", {**inputs, "body": "{}", "shape": 1}) != []
