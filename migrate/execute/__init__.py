"""The engine: it does what a plan says, and knows nothing of KServe."""
