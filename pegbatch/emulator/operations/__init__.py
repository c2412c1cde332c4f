"""One function an API operation: a checked request body in, a response body out."""
