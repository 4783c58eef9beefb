"""The algebra of changes: an operation is data, every reading of it a function."""
