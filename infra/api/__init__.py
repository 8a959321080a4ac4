"""The API Gateway in both flavours, with its logs, CORS, cache, limits and usage plans."""
