"""From an operation to a Lambda function: the caller, the answer, its headers and the one place that catches errors."""

import gc
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from handlers import log
from handlers.caller import Caller
from handlers.contract import Collection, FieldError
from handlers.contract.cors import EXPOSE_HEADERS
from handlers.database import Database, client, deadline_in
from handlers.http import Request, Response, authorizer_context
from handlers.identifiers import is_id
from handlers.problems import MEDIA_TYPE, BadRequest, NotFound, Problem, problem_of
from handlers.settings import Settings, in_lambda
from handlers.store import Store

WITHOUT_CONTEXT = 10.0
"""How long an invocation may take where nothing tells, in seconds."""


@dataclass(frozen=True)
class Call:
    """One call of an operation: what was asked, of which collection, and the caller's part of the table."""

    request: Request
    collection: Collection
    caller: Caller
    store: Store

    @property
    def item_id(self) -> str:
        """The id in the path. Raises NotFound where it cannot be one, before DynamoDB sees it."""
        if not is_id(self.request.item_id):
            raise NotFound("There is no such item.")
        return self.request.item_id


class Function:
    """A Lambda handler around an operation: `handler = Function(read)`.

    `parameters` gives the query parameters that the operation takes for a collection.
    """

    def __init__(
        self,
        operate: Callable[[Call], Response],
        parameters: Callable[[Collection], tuple[str, ...]] = lambda _: (),
    ) -> None:
        self.operate = operate
        self.parameters = parameters
        if in_lambda():
            with suppress(Exception):  # settings that are broken are a 500 of each request, with a log line
                _ = self.dynamodb, self.settings
            gc.freeze()
            gc.enable()

    @cached_property
    def settings(self) -> Settings:
        """The function's settings, read at first use so that modules can be imported anywhere."""
        return Settings.read()

    @cached_property
    def dynamodb(self) -> Any:
        """The DynamoDB client, shared by all invocations of an environment."""
        return client()

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """Answers one event. Never raises: what is not foreseen is a 500 problem that tells nothing."""
        started = time.perf_counter()
        ids = log_ids(event)
        cors: dict[str, str] = {}
        with_body = True
        try:
            cors = cors_headers(event, self.settings.cors_origins)
            request = Request.from_event(event)
            with_body = request.method != "HEAD"
            response = self.answer(request, deadline_in(seconds_left(context)))
        except Exception as error:  # noqa: BLE001  the one place that catches everything
            response = _problem_response(error, ids)
        milliseconds = round((time.perf_counter() - started) * 1000, 2)
        log.write("INFO", "request", **ids, status=int(response.status), milliseconds=milliseconds)
        return response.to_event(cors, with_body=with_body)

    def answer(self, request: Request, until: float) -> Response:
        """The operation's answer to a request, once the caller's token is known to be alive."""
        caller = Caller.from_context(request.authorizer, time.time())
        collection = self.settings.collection
        self._require_known_parameters(request, collection)
        database = Database(self.dynamodb, self.settings.table, until)
        store = Store(database, caller.partition(collection), collection.filters)
        return self.operate(Call(request, collection, caller, store))

    def _require_known_parameters(self, request: Request, collection: Collection) -> None:
        known = self.parameters(collection)
        if unknown := sorted(set(request.query) - set(known)):
            allowed = f"unknown; allowed are {', '.join(known) or 'none'}"
            raise BadRequest("Unknown query parameters.", tuple(FieldError(name, allowed) for name in unknown))


def seconds_left(context: Any) -> float:
    """How long an invocation may still take."""
    return WITHOUT_CONTEXT if context is None else context.get_remaining_time_in_millis() / 1000


def cors_headers(event: Mapping[str, Any], allowed: tuple[str, ...]) -> dict[str, str]:
    """CORS headers for an allowed origin; for another origin none, so that the browser refuses."""
    if "*" in allowed:
        return {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": EXPOSE_HEADERS}
    headers: Mapping[str, str] = event.get("headers") or {}
    origin = next((value for name, value in headers.items() if name.lower() == "origin"), None)
    if origin not in allowed:
        return {"Vary": "Origin"}
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": EXPOSE_HEADERS, "Vary": "Origin"}


def log_ids(event: Mapping[str, Any]) -> dict[str, str]:
    """The ids that a request's log lines share with API Gateway's and the authorizer's.

    Without `decision_id` where the authorizer logs no decisions.
    """
    request_context: Mapping[str, Any] = event.get("requestContext") or {}
    ids = {"request_id": str(request_context.get("requestId", ""))}
    if decision_id := authorizer_context(event).get("decision_id"):
        ids["decision_id"] = str(decision_id)
    return ids


def _problem_response(error: Exception, ids: Mapping[str, str]) -> Response:
    problem = problem_of(error)
    if type(problem) is Problem:
        log.write("ERROR", "unforeseen", **ids, **log.fault(problem.__cause__ or error))
    return Response(
        status=problem.status,
        document=problem.document(ids["request_id"]),
        headers=problem.headers,
        media_type=MEDIA_TYPE,
    )
