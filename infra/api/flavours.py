"""The API in the flavour of its settings."""

import pulumi

from infra.api.http_api import HttpApi
from infra.api.rest_api import RestApi, RestApiArgs


def create_api(name: str, args: RestApiArgs, opts: pulumi.ResourceOptions | None = None) -> RestApi | HttpApi:
    """Create a REST API or an HTTP API, with the same public attributes."""
    return RestApi(name, args, opts) if args.api.flavour == "rest" else HttpApi(name, args, opts)
