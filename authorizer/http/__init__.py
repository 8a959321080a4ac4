"""A small HTTP/1.1 client: GET documents over TLS, and connections that are kept open."""
