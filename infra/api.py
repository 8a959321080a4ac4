"""The API in the flavour of its settings."""

from infra.http_api import HttpApi
from infra.rest_api import RestApi, RestApiArgs


def create_api(name: str, args: RestApiArgs) -> RestApi | HttpApi:
    """Create a REST API or an HTTP API, with the same public attributes."""
    return RestApi(name, args) if args.api.flavour == "rest" else HttpApi(name, args)
