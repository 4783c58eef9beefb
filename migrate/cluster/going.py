"""Namespaces that are being deleted, with all that is in them: their Roles, too."""

from __future__ import annotations

from migrate.cluster.port import Cluster
from migrate.errors import ForbiddenError, NotFoundError
from migrate.objects import ObjectRef, is_terminating


def is_going(cluster: Cluster, namespace: str) -> bool:
    """Tell whether a namespace is being deleted, or gone; not where that may not be read.

    To be asked where a request failed in it. A create is answered with 403 while it goes, and with
    404 then (``pkg/admission/plugin/namespace/lifecycle/admission.go`` of k8s.io/apiserver 0.34.4).
    Who has a Role in it gets 403 for all requests from the moment that the Role goes.
    """
    if not namespace:
        return False
    try:
        found = cluster.get(ObjectRef("v1", "Namespace", namespace))
    except NotFoundError:
        return True
    except ForbiddenError:
        return False
    return is_terminating(found)
