"""The AWS resources: one file per capability, each one ComponentResource with typed arguments."""
