"""The description of the API, from which everything else is derived.

A *collection* (one module under `collections/`) crossed with an *operation* is a *route*. The gateway's document, the
authorizer's policies, each function's role and the published OpenAPI document are all read from these; nothing here
imports anything of the project.
"""

from handlers.contract.collection import Collection, Model
from handlers.contract.discovery import load_collections
from handlers.contract.operation import OPERATIONS, Operation
from handlers.contract.route import Route, routes
from handlers.contract.validation import FieldError, Invalid, validate

__all__ = [
    "OPERATIONS",
    "Collection",
    "FieldError",
    "Invalid",
    "Model",
    "Operation",
    "Route",
    "load_collections",
    "routes",
    "validate",
]
