"""The description of the API, from which everything else is derived.

A *collection* (one module under `collections/`) crossed with an *operation* is a *route*. The handlers, the OpenAPI
document, API Gateway's document and error responses, the authorizer's policies and each function's role are derived
from the routes. Nothing here imports anything else of the project.
"""

from handlers.contract.collection import Collection, Model
from handlers.contract.discovery import load_collections
from handlers.contract.index import Index
from handlers.contract.operation import OPERATIONS, Operation
from handlers.contract.problem import Problem
from handlers.contract.route import Route, routes
from handlers.contract.validation import (
    REQUIREMENT,
    FieldError,
    Invalid,
    detail_of,
    requirement_of,
    unwrapped,
    validate,
)

__all__ = [
    "OPERATIONS",
    "REQUIREMENT",
    "Collection",
    "FieldError",
    "Index",
    "Invalid",
    "Model",
    "Operation",
    "Problem",
    "Route",
    "detail_of",
    "load_collections",
    "requirement_of",
    "routes",
    "unwrapped",
    "validate",
]
