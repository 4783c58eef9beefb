"""A cluster as KServe makes it, now and after operations: forecasts and moves."""
