"""Where a change is made, and for whom."""

from __future__ import annotations

from enum import StrEnum

RESET = "--reset-global"
TARGET = "--target"
CONVERT_FIRST = "kmigrate apply --to-runtimes --convert first"
"""What to do with services in the framework form before they can be pinned."""


class Strategy(StrEnum):
    """Where a change is made."""

    IN_PLACE = "in-place"
    """Where the images are set for the whole cluster."""
    TO_RUNTIMES = "to-runtimes"
    """In ServingRuntimes of the namespaces that need them."""
    RESET_GLOBAL = "reset-global"
    """Where the images are set for the whole cluster: back to what is shipped."""
    HOLD = "hold"
    """In what an upgrade leaves alone, so that each service keeps the image that it has now."""
    RESTORE = "restore"
    """Where the images are set for the whole cluster: back to what a checkpoint holds."""


class Scope(StrEnum):
    """For whom a ServingRuntime is made."""

    NAMESPACE = "namespace"
    """For all of a namespace: it has the name of the ClusterServingRuntime."""
    SERVICE = "service"
    """For those that are chosen: it has a name of its own, and they name it."""
