"""The contract as OpenAPI documents: one for API Gateway to import, and one for people and tools."""
