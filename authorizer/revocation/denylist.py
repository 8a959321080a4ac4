"""The denylist of revoked tokens, which is read from its DynamoDB table for each decision."""

from contextlib import suppress

from authorizer.claims import Caller
from authorizer.errors import RevocationsUnavailable
from authorizer.revocation.dynamodb import ReadFailed, TableReader
from authorizer.revocation.entries import KEY, is_revoked_by, subject_key, token_key
from authorizer.revocation.environment import Environment, read_environment


class Denylist:
    """Reads the entries of a token and of its subject in one request. `timeout` is in seconds."""

    def __init__(self, timeout: float, environment: Environment | None = None) -> None:
        environment = environment or read_environment()
        self.table = TableReader(environment.revocations_table, KEY, environment)
        self._timeout = timeout

    def warm_up(self, timeout: float) -> None:
        """Connect before the first request, within `timeout` seconds. Raises nothing."""
        with suppress(OSError):
            self.table.connect(min(timeout, self._timeout))

    def is_revoked(self, caller: Caller) -> bool:
        """Return whether the caller's token is revoked. Raises RevocationsUnavailable."""
        keys = (token_key(caller.issuer, caller.token_id), subject_key(caller.issuer, caller.subject))
        failure: ReadFailed | None = None
        try:
            entries = self.table.get_items(keys, self._timeout)
        except ReadFailed as error:
            failure, entries = error, error.items
        if any(is_revoked_by(entry, caller) for entry in entries):
            return True
        if failure is not None:
            raise RevocationsUnavailable(f"the denylist cannot be read: {failure}")
        return False
