"""The three ways of `python -m local up`: in the foreground, detached, and to update a running stack."""
