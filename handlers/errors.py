"""The exceptions that become error responses, and the one mapping from exceptions to them."""

from typing import Any

from handlers.contract import FieldError, Invalid, Problem
from handlers.contract.problem import BAD_REQUEST, INTERNAL_ERROR, PRECONDITION_FAILED

MAX_ERRORS = 50
"""How many invalid fields a response names: Lambda limits the size of a response."""

MAX_REPEATED = 500
"""How many characters of a text from the client a response repeats."""


class ProblemError(Exception):
    """An error response: one of the contract's problems, a detail for the client's developer, and invalid fields."""

    def __init__(self, problem: Problem, detail: str = "", errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail or problem.detail)
        self.problem = problem
        self.errors = errors

    def body(self, request_id: str) -> dict[str, Any]:
        """Return the problem details object."""
        reported = self.errors[:MAX_ERRORS]
        errors = [{"field": _sendable(each.field), "detail": _sendable(each.detail)} for each in reported]
        return self.problem.body(request_id, _sendable(str(self)), **({"errors": errors} if errors else {}))


class BadRequest(ProblemError):
    """The request does not match the contract."""

    def __init__(self, detail: str = "", errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(BAD_REQUEST, detail, errors)


class PreconditionFailed(ProblemError):
    """The item changed since it was read (RFC 9110 §13.1.1)."""

    def __init__(self) -> None:
        super().__init__(PRECONDITION_FAILED)


def problem_error(error: Exception) -> ProblemError:
    """Return the error response to an exception. An unhandled exception reveals no details."""
    if isinstance(error, ProblemError):
        return error
    return BadRequest(errors=error.errors) if isinstance(error, Invalid) else ProblemError(INTERNAL_ERROR)


def _sendable(text: str) -> str:
    """Return a text that may come from the client: shortened, and without unpaired surrogates."""
    return text[:MAX_REPEATED].encode("utf-8", "replace").decode()
