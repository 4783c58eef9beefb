"""Plan, apply and roll back changes of the serving images that KServe uses."""

__version__ = "0.1.0"
