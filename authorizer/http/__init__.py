"""A small HTTP/1.1 client with deadlines and strict parsing."""
