"""Services that are alike are compared once; where a name decides, each by itself."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import msgspec

from migrate.kserve.running import Records
from migrate.kserve.runtimes import Runtime, Runtimes
from migrate.kserve.services import InferenceService
from migrate.kserve.terms import FINALIZER
from migrate.kserve.workloads import KnativeService, Workload
from migrate.objects import ObjectRef
from migrate.planning.model.plan import Outlook
from migrate.planning.world.differences import differences
from migrate.planning.world.forecast import between, configured, forecast
from migrate.planning.world.snapshot import Snapshot
from tests.planning.runtimes import SKLEARN, STOCK, model, world


def outlooks(found: Snapshot, arguments: list[str], **container: Any) -> dict[str, Outlook]:
    """Plan no more than other fields of the runtime's container."""
    assert found.rules is not None
    manifest = copy.deepcopy(SKLEARN)
    manifest["spec"]["containers"][0] |= {"args": arguments, **container}
    after = replace(found, runtimes=Runtimes([msgspec.convert(manifest, Runtime)]))
    now, planned = (configured(each, found.rules) for each in (found, after))
    return {row.service.name: row.outlook for row in forecast(now, planned, now, {})}


def told(found: Snapshot, arguments: list[str]) -> dict[str, list[tuple[str, Any]]]:
    """Plan other arguments of the runtime, and return what differs for each service."""
    assert found.rules is not None
    manifest = copy.deepcopy(SKLEARN)
    manifest["spec"]["containers"][0] |= {"args": arguments}
    after = replace(found, runtimes=Runtimes([msgspec.convert(manifest, Runtime)]))
    now, planned = (configured(each, found.rules) for each in (found, after))
    differing = between(now, planned)
    each = {ref: differing(ref) for ref in now.services}
    alone = {ref: differences(now.resolved[ref].pod, planned.resolved[ref].pod) for ref in each}
    assert each == alone
    return {ref.name: [(one.what, one.value) for one in found] for ref, found in each.items()}


def test_what_differs_is_told_by_the_values_of_each() -> None:
    found = told(world(model("iris"), model("rose")), ["--more", "--model_name={{.Name}}"])
    assert found == {name: [("args --more", "--more")] for name in ("iris", "rose")}
    found = told(world(model("iris"), model("rose")), ["--name={{.Name}}"])
    assert found["rose"] == [("args --model_name, --name", "--name=rose")]


def test_a_name_that_is_written_out_differs_for_the_others() -> None:
    found = told(world(model("iris"), model("rose")), ["--model_name=iris"])
    assert found == {"iris": [], "rose": [("args --model_name", "--model_name=iris")]}


def test_an_argument_that_changes_moves_everybody() -> None:
    found = outlooks(world(model("iris"), model("rose")), ["--model_name={{.Name}}", "--more"])
    assert set(found.values()) == {Outlook.CHANGES}


def test_the_same_arguments_move_nobody() -> None:
    found = outlooks(world(model("iris"), model("rose")), ["--model_name={{ .Name }}"])
    assert set(found.values()) == {Outlook.UNCHANGED}


def test_who_bears_the_name_that_is_written_out_stays() -> None:
    found = outlooks(world(model("iris"), model("rose")), ["--model_name=iris"])
    assert found == {"iris": Outlook.UNCHANGED, "rose": Outlook.CHANGES}


def test_a_placeholder_that_may_decide_is_filled_in_for_each() -> None:
    runtime = copy.deepcopy(SKLEARN)
    runtime["spec"]["containers"][0]["image"] = "kserve/{{.Name}}:v1"
    found = world(model("iris"), model("rose"))
    found = replace(found, runtimes=Runtimes([msgspec.convert(runtime, Runtime)]))
    assert found.rules is not None
    now = configured(found, found.rules)
    rows = forecast(now, now, now, {})
    assert [row.after_plan for row in rows] == ["kserve/iris:v1", "kserve/rose:v1"]


def run_by(name: str, *arguments: str, memory: str | None = None) -> tuple[ObjectRef, Workload]:
    limits = {"resources": {"limits": {"memory": memory}}} if memory else {}
    container = {"name": "kserve-container", "image": STOCK, "args": list(arguments), **limits}
    meta = {"name": f"{name}-predictor", "namespace": "team"}
    spec = {"template": {"spec": {"containers": [container]}}}
    found = msgspec.convert({"metadata": meta, "spec": spec}, KnativeService)
    return found.ref, found


def changes(found: Snapshot, *workloads: tuple[ObjectRef, Workload]) -> dict[str, tuple[str, ...]]:
    """Return the fields in which these workloads are not what the next reconcile writes."""
    assert found.rules is not None
    now, records = configured(found, found.rules), Records()
    running = {ref: one for ref, each in workloads if (one := records.running(each))}
    return {row.service.name: row.changes for row in forecast(now, now, now, running)}


def test_each_is_held_against_what_runs_there() -> None:
    found = world(model("iris"), model("rose"), model("tulip"))
    told = changes(
        found,
        run_by("iris", "--model_name=iris"),
        run_by("rose", "--model_name=iris"),
        run_by("tulip", "--model_name=tulip", "--more"),
    )
    assert told == {"iris": (), "rose": ("args",), "tulip": ("args",)}


def test_the_memory_of_each_is_its_own() -> None:
    amounts = ("1Gi", "2Gi", "2Gi")
    limits: list[Any] = [{"resources": {"limits": {"memory": amount}}} for amount in amounts]
    names = ("iris", "rose", "tulip")
    found = world(*(model(name, **own) for name, own in zip(names, limits, strict=True)))
    told = changes(
        found,
        run_by("iris", "--model_name=iris", memory="1024Mi"),
        run_by("rose", "--model_name=rose", memory="2Gi"),
        run_by("tulip", "--model_name=tulip", memory="1Gi"),
    )
    assert told == {"iris": (), "rose": (), "tulip": ("limits",)}


def test_what_runs_under_another_name_is_not_taken_for_it() -> None:
    service = msgspec.convert(
        {
            "metadata": {"name": "iris", "namespace": "team", "finalizers": [FINALIZER]},
            "spec": {"predictor": {"name": "blue", "model": {"modelFormat": {"name": "sklearn"}}}},
        },
        InferenceService,
    )
    told = changes(world(service, release="0.20.0"), run_by("iris-blue", "--model_name=iris-blue"))
    assert told == {"iris": ("args", "env")}


def test_a_service_that_is_itself_another_moves() -> None:
    found = world(model("iris"), model("rose"))
    assert found.rules is not None
    now = configured(found, found.rules)
    (ref, before), (_, kept) = now.services.items()
    meta = msgspec.structs.replace(before.metadata, labels={"team": "b"})
    labelled = msgspec.structs.replace(before, metadata=meta)
    once = replace(now, services=now.services.changed([labelled]))
    again = msgspec.structs.replace(meta, labels={"team": "c"})
    relabelled = msgspec.structs.replace(before, metadata=again)
    twice = replace(now, services=once.services.changed([relabelled]))
    rows = forecast(once, twice, once, {})
    assert [(r.service.name, r.outlook) for r in rows] == [
        ("iris", Outlook.CHANGES),
        ("rose", Outlook.UNCHANGED),
    ]
    assert (ref, kept.ref) == tuple(row.service for row in rows)
