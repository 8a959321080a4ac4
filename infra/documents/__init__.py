"""The contract as OpenAPI documents: one that API Gateway imports, one that people and tools read."""
