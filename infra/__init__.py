"""The AWS resources, a package per area. Each capability has one file, a ComponentResource with typed arguments."""
