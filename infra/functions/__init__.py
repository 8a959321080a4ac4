"""The Lambda functions, their roles and how routes are divided among them."""
