"""Restore a deployed stack's tables from a point in time or a backup: `python -m infra.restore`.

DynamoDB restores only into new tables. So the command restores into a temporary table, compares it with the stack's
table, and copies items, which leaves the stack's table, and with it Pulumi's state, in place.

`docs/restore.md` is the runbook, with the permissions that the command needs.
"""
