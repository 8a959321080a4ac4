"""The list of revoked tokens in its DynamoDB table, asked about each decision."""

from contextlib import suppress

from authorizer.claims import Caller
from authorizer.errors import RevocationsUnavailable
from authorizer.revocation import entries
from authorizer.revocation import environment as variables
from authorizer.revocation.dynamodb import ReadFailed, Table
from authorizer.revocation.environment import Environment


class Denylist:
    """Reads both entries that may concern a caller at once. `timeout` is in seconds."""

    def __init__(self, timeout: float, environment: Environment | None = None) -> None:
        told = environment or variables.read()
        self.table = Table(told.revocations_table, entries.KEY, told)
        self._timeout = timeout

    def warm(self, seconds: float) -> None:
        """Connect ahead of the first question."""
        with suppress(OSError):
            self.table.connect(min(seconds, self._timeout))

    def revoked(self, caller: Caller) -> bool:
        """Whether an entry covers the caller's token. Raises RevocationsUnavailable."""
        keys = (
            entries.token_key(caller.issuer, caller.token_id),
            entries.subject_key(caller.issuer, caller.subject),
        )
        failure: ReadFailed | None = None
        try:
            found = self.table.items(keys, self._timeout)
        except ReadFailed as failed:
            failure, found = failed, failed.found
        if any(entries.covers(entry, caller) for entry in found):
            return True
        if failure is not None:
            raise RevocationsUnavailable(f"the list of revoked tokens cannot be read: {failure}")
        return False
