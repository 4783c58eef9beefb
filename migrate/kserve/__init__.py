"""What KServe means: pure functions over what was read, release by release."""
