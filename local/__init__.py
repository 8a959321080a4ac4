"""The stack on this machine: `python -m local`."""
