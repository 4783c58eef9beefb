"""One verb, one file; what they share stands beside them."""
