"""Asking the API server what it would make of services that are converted, before it is done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import msgspec

from migrate.cluster.port import Cluster
from migrate.errors import ForbiddenError, InvalidError, NotFoundError, RefusedError
from migrate.kserve.config import Config
from migrate.kserve.conversion import stored, unlike
from migrate.objects import ObjectRef
from migrate.operations.model import Convert
from migrate.operations.stale import Difference
from migrate.planning.change.staleness import blocking
from migrate.planning.model import codes
from migrate.planning.model.findings import accept, finding
from migrate.planning.model.plan import Finding, Plan
from migrate.planning.world.snapshot import Snapshot

AT_ONCE = 8
"""How many services are asked about at one time: webhooks of old releases take half a second."""


def with_answers(cluster: Cluster, made: Plan, snapshot: Snapshot) -> Plan:
    """Return the plan with what the API server says about the conversions in it.

    Nothing is stored by asking. Raise the other ApiError classes where no answer comes.
    """
    found = accept(_findings(cluster, made, snapshot), made.options.accept)
    return msgspec.structs.replace(made, findings=(*made.findings, *found)) if found else made


def unforeseen(cluster: Cluster, made: Plan, snapshot: Snapshot) -> Iterator[Difference]:
    """Yield the conversions of a plan that are answered otherwise than it tells, now."""
    found = accept(_findings(cluster, made, snapshot), made.options.accept)
    return (blocking(one) for one in found if one.blocks)


def write_converted(copy: Cluster, service: ObjectRef, config: Config) -> None:
    """Write a service into a copy of its cluster as the webhook would store it."""
    live = copy.get(service)
    after = stored(live, config)
    former = dict.fromkeys(live["spec"]["predictor"])
    meta = {name: after["metadata"].get(name) for name in ("labels", "annotations")}
    predictor = {**former, **after["spec"]["predictor"]}
    copy.patch(service, {"metadata": meta, "spec": {"predictor": predictor}})


def _findings(cluster: Cluster, made: Plan, snapshot: Snapshot) -> Sequence[Finding]:
    services = [act.target for act in made.activations if isinstance(act, Convert)]
    if not services or snapshot.rules is None:
        return ()
    config = snapshot.config_of(snapshot.config.get("data") or {}, snapshot.rules)
    answers = _answers(cluster, services, config)
    return tuple(_told(answers))


def _told(answers: Mapping[ObjectRef, str | None]) -> Iterator[Finding]:
    if unasked := [ref for ref, answer in answers.items() if answer is None]:
        text = "no API server said what its webhook makes of them: it is predicted alone"
        fix = "plan on the cluster itself, with the right to patch them"
        yield finding(codes.NOT_ASKED, text, fix, unasked)
    groups: dict[str, list[ObjectRef]] = {}
    for ref, answer in answers.items():
        if answer:
            groups.setdefault(answer, []).append(ref)
    for text, services in groups.items():
        fix = "leave them out: --exclude NAMESPACE/NAME; kubectl get isvc -o yaml shows them"
        yield finding(codes.CONVERTED_OTHERWISE, text, fix, services)


def _answers(
    cluster: Cluster, services: Iterable[ObjectRef], config: Config
) -> dict[ObjectRef, str | None]:
    ordered = sorted(services, key=lambda ref: ref.place)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(ordered, pool.map(partial(_ask, cluster, config), ordered), strict=True))


def _ask(cluster: Cluster, config: Config, ref: ObjectRef) -> str | None:
    """Say how the answer is not as predicted; empty where it is, None where nobody says."""
    try:
        live = cluster.get(ref)
        answer = cluster.would_patch(ref, {})
    except NotFoundError:
        return ""
    except ForbiddenError:
        return None
    except (InvalidError, RefusedError) as error:
        return f"the API server refuses the write that converts them: {error.message}"
    if answer is None:
        return None
    fields = [one.path for one in unlike(stored(live, config), answer)]
    what = "converted, they would not be as predicted"
    return f"{what}: {', '.join(fields)}" if fields else ""
