"""Lambda handlers of operations: they identify the caller, run the operation, and catch all exceptions."""

import gc
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from handlers import IN_LAMBDA, log, snapshots
from handlers.caller import Caller
from handlers.contract import OPERATIONS, FieldError, Route
from handlers.contract.identifiers import is_id
from handlers.contract.problem import INTERNAL_ERROR, NOT_FOUND, PROBLEM_JSON, READ_ONLY
from handlers.contract.stage import READ_ONLY as READ_ONLY_VARIABLE
from handlers.contract.stage import TRUE
from handlers.database import Database, deadline_in, shared_client
from handlers.environment import COLLECTION, Environment
from handlers.errors import BadRequest, ProblemError, problem_error
from handlers.http import Request, Response, authorizer_context
from handlers.metrics import Metrics
from handlers.response_cache import without_other_spellings
from handlers.store import Store

DEFAULT_TIME = 10.0
"""The time for an invocation without a Lambda context, in seconds."""


@dataclass(frozen=True)
class Invocation:
    """One request for a route, with its caller and the caller's partition of the table."""

    request: Request
    route: Route
    caller: Caller
    store: Store

    @property
    def item_id(self) -> str:
        """The id in the path. Raises a 404 error for an impossible id, before DynamoDB sees it."""
        if not is_id(self.request.item_id):
            raise ProblemError(NOT_FOUND)
        return self.request.item_id

    def json_object(self) -> dict[str, Any]:
        """Parse the body, which must have one of the operation's media types. Raises a 400 or 415 error."""
        return self.request.json_object(*self.route.operation.media_types)


class LambdaHandler:
    """The Lambda handler of an operation: `handler = LambdaHandler("read", read)`.

    `collection` is the name of its collection, if the environment variables do not have it.
    """

    def __init__(self, name: str, operate: Callable[[Invocation], Response], collection: str = "") -> None:
        (self.operation,) = (each for each in OPERATIONS if each.name == name)
        self.operate = operate
        self.collection = collection
        if IN_LAMBDA:
            self._prepare()
            gc.freeze()
            gc.enable()
            snapshots.after_restore(self._renew)

    @cached_property
    def environment(self) -> Environment:
        """The environment variables, read at first use so that modules can be imported anywhere."""
        return Environment.read(collection=self.collection)

    @cached_property
    def names(self) -> dict[str, str]:
        """The collection and the operation, for log lines and metrics, even if the environment cannot be read."""
        collection = self.collection or os.environ.get(COLLECTION) or "unknown"
        return {"collection": collection, "operation": self.operation.name}

    @cached_property
    def metrics(self) -> Metrics | None:
        """The metrics of the requests, unless they are off."""
        return Metrics.read()

    @cached_property
    def dynamodb(self) -> Any:
        """The DynamoDB client, which all invocations share."""
        return shared_client()

    def _prepare(self) -> None:
        """Prepare for the first request. A failure is suppressed: each request retries, and logs the exception."""
        with suppress(Exception):
            _ = self.dynamodb, self.environment, self.names, self.metrics

    def _renew(self) -> None:
        """Get the new client: the connections and credentials of the old one are those of the snapshot."""
        self.__dict__.pop("dynamodb", None)
        self._prepare()

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """Respond to an event. Never raises: an unhandled exception becomes a 500 response without details."""
        started = time.perf_counter()
        ids = log_ids(event)
        cors: dict[str, str] = {}
        with_body = True
        try:
            event = without_other_spellings(event)
            cors = self.environment.cors.headers(event)
            request = Request.from_event(event)
            with_body = request.method != "HEAD"
            seconds = DEFAULT_TIME if context is None else context.get_remaining_time_in_millis() / 1000
            response = self.respond(request, deadline_in(seconds))
        except Exception as error:  # noqa: BLE001  the one place that catches everything
            response = _error_response(error, ids)
        self._log(response, ids, round((time.perf_counter() - started) * 1000, 2))
        return response.to_event(cors, with_body=with_body)

    def _log(self, response: Response, ids: Mapping[str, str], milliseconds: float) -> None:
        """Log a request, with its metrics if they are on."""
        failed = {"problem": response.problem} if response.problem else {}
        metrics = self.metrics.members(milliseconds, failed=bool(failed)) if self.metrics else {}
        values = {"status": int(response.status), "milliseconds": milliseconds, **failed, **metrics}
        log.write("INFO", "request", **ids, **self.names, **values)

    def respond(self, request: Request, deadline: float) -> Response:
        """Check the token's expiry, the stage and the query parameters, then run the operation."""
        caller = Caller.from_context(request.authorizer, time.time())
        if self.operation.verb == "write" and request.stage_variables.get(READ_ONLY_VARIABLE) == TRUE:
            raise ProblemError(READ_ONLY)
        collection = self.environment.collection
        route = Route(collection, self.operation)
        _require_known_parameters(request, route.query_parameters)
        database = Database(self.dynamodb, self.environment.table, deadline)
        store = Store(database, caller.partition(collection), collection, self.environment.lifetime)
        return self.operate(Invocation(request, route, caller, store))


def log_ids(event: Mapping[str, Any]) -> dict[str, str]:
    """Return the ids that link a request's log lines to API Gateway's, and to the authorizer's if it logs decisions."""
    request_context: Mapping[str, Any] = event.get("requestContext") or {}
    ids = {"request_id": str(request_context.get("requestId", ""))}
    if decision_id := authorizer_context(event).get("decision_id"):
        ids["decision_id"] = str(decision_id)
    return ids


def _require_known_parameters(request: Request, known: tuple[str, ...]) -> None:
    if unknown := sorted(set(request.query) - set(known)):
        detail = f"unknown query parameter; allowed: {', '.join(known) or 'none'}"
        errors = tuple(FieldError(name, detail) for name in unknown)
        raise BadRequest("The request has unknown query parameters.", errors)


def _error_response(error: Exception, ids: Mapping[str, str]) -> Response:
    response = problem_error(error)
    if response.problem is INTERNAL_ERROR:
        log.write("ERROR", "unhandled exception", **ids, **log.exception_values(response.__cause__ or error))
    return Response(
        status=response.problem.status,
        document=response.body(ids["request_id"]),
        headers=response.problem.headers(),
        media_type=PROBLEM_JSON,
        problem=response.problem.slug,
    )
