"""The Lambda functions behind the routes: one module per operation."""
