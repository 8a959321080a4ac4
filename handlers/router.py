"""The Lambda handler of a function that serves several routes: it chooses the operation by the request's route."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

from handlers.contract import OPERATIONS, load_collections, routes
from handlers.lambda_handler import LambdaHandler

_OPERATE = {each.name: import_module(f"handlers.{each.name}").handler.operate for each in OPERATIONS}
_ROUTES = {
    f"{method} {route.path}": route for route in routes(load_collections()) for method in route.operation.methods
}


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Respond to an event of either payload format. Raises LookupError for one that API Gateway does not send."""
    route = _ROUTES[route_key(event)]
    return _handler_of(route.operation.name, route.collection.name)(event, context)


def route_key(event: Mapping[str, Any]) -> str:
    """Return the method and the path template of the request's route: `GET /items/{id}`."""
    if event.get("version") == "2.0":
        return event["routeKey"]
    return f"{event['httpMethod']} {event['resource']}"


@cache
def _handler_of(operation: str, collection: str) -> LambdaHandler:
    return LambdaHandler(operation, _OPERATE[operation], collection)
