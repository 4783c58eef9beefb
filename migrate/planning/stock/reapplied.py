"""What applying a released ClusterServingRuntime makes of the one that is there.

The CRD says of no list right in ``spec`` how it merges (``install/vX/kserve.yaml``, 0.8.0 to
0.16.0; ``kserve-crds.yaml``, 0.20.0): ``containers``, ``volumes``, ``supportedModelFormats`` and
the like are one value each. So the released list takes the place of the whole list that is there,
and of what somebody edited in a container nothing is left: not the image, and no variable that was
added, though from 0.14 on ``env`` inside of a container merges by name. Maps merge key by key. What
the manifests never had stays: node selectors, tolerations, pull secrets.

That is the same for `kubectl apply` (a JSON merge patch for custom resources) and for
`kubectl apply --server-side --force-conflicts`. Helm is not: it compares its two charts.
"""

from __future__ import annotations

from typing import Any

import msgspec

from migrate.kserve import terms
from migrate.objects import Manifest

Fields = dict[str, Any]


def reapplied(live: Manifest, shipped: Manifest, former: Manifest | None) -> Manifest:
    """Return the runtime after the apply.

    ``former`` is what was applied before, as far as the release tells; what the object says of
    that itself comes first. What was applied and is not any more is taken away.
    """
    before = applied_before(live) or former or {}
    meta = _laid(live["metadata"], shipped["metadata"], {})
    notes = {k: v for k, v in (meta.get("annotations") or {}).items() if k != terms.LAST_APPLIED}
    spec = _laid(live.get("spec") or {}, shipped["spec"], before.get("spec") or {})
    return {**shipped, "metadata": {**meta, "annotations": notes}, "spec": spec}


def applied_before(live: Manifest) -> Manifest | None:
    """Return what `kubectl apply` applied last; None where it noted nothing that can be read."""
    text = (live["metadata"].get("annotations") or {}).get(terms.LAST_APPLIED)
    try:
        found = msgspec.json.decode(text) if text else None
    except msgspec.DecodeError:
        return None
    return found if isinstance(found, dict) else None


def _laid(live: Fields, shipped: Fields, former: Fields) -> Fields:
    kept = {key: value for key, value in live.items() if key in shipped or key not in former}
    return {**kept, **{k: _member(live.get(k), v, former.get(k)) for k, v in shipped.items()}}


def _member(live: object, shipped: Any, former: object) -> Any:  # noqa: ANN401 -- JSON
    if not isinstance(live, dict) or not isinstance(shipped, dict):
        return shipped
    return _laid(live, shipped, former if isinstance(former, dict) else {})
