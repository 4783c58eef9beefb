"""Selections: who is meant, and who is hit beside them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from migrate.errors import UsageError
from migrate.kserve.running import Running
from migrate.objects import ObjectRef
from migrate.planning.hold.make import make_plan
from migrate.planning.model.desired import Activate, Options, Selection
from migrate.planning.model.plan import Outlook, Plan
from migrate.planning.model.selection import checked
from migrate.planning.model.typed import merged, parse_set
from migrate.planning.world.snapshot import Snapshot
from migrate.report.markdown import plan_markdown
from migrate.report.text import plan_lines
from tests.planning.clusters import codes
from tests.planning.runtimes import OTHER, STOCK, model, world
from tests.planning.test_exceptions import placed

SERVICES = (
    placed(model("a1"), "a", tier="gold"),
    placed(model("a2"), "a"),
    placed(model("b1"), "b", tier="gold"),
    placed(model("b2", "xgboost", protocolVersion="v2"), "b"),
)
STALE = ObjectRef("serving.knative.dev/v1", "Service", "b2-predictor", "b")


def plan(selection: Selection, *sets: str, found: Snapshot | None = None, **options: Any) -> Plan:
    wanted = merged(map(parse_set, sets))
    return make_plan(found or world(*SERVICES), Options(wanted, selection=selection, **options))


def selected(made: Plan) -> list[str]:
    return [row.service.name for row in made.forecast if not row.outside]


@pytest.mark.parametrize(
    ("selection", "names"),
    [
        (Selection(), ["a1", "a2", "b1", "b2"]),
        (Selection(namespaces=("a",)), ["a1", "a2"]),
        (Selection(namespaces=("a", "b")), ["a1", "a2", "b1", "b2"]),
        (Selection(selector="tier=gold"), ["a1", "b1"]),
        (Selection(selector="tier!=gold"), ["a2", "b2"]),
        (Selection(formats=("xgboost",)), ["b2"]),
        (Selection(formats=("sklearn", "xgboost")), ["a1", "a2", "b1", "b2"]),
        (Selection(runtimes=("kserve-mlserver",)), ["b2"]),
        (Selection(exclude=("a",)), ["b1", "b2"]),
        (Selection(exclude=("a/a1", "b/b*")), ["a2"]),
        (Selection(exclude=("*",)), []),
        (Selection(exclude=("*/?1",)), ["a2", "b2"]),
        (Selection(exclude=("a1",)), ["a1", "a2", "b1", "b2"]),
        (Selection(namespaces=("b",), selector="tier=gold", formats=("sklearn",)), ["b1"]),
    ],
)
def test_who_is_meant(selection: Selection, names: list[str]) -> None:
    made = plan(selection, f"sklearn={OTHER}")
    assert selected(made) == names
    assert len(made.forecast) == len(SERVICES)
    # Without a change it narrows what is reported.
    assert [row.service.name for row in plan(selection).forecast] == names


def test_who_moves_though_not_selected_blocks_the_plan() -> None:
    meant = Selection(namespaces=("a",))
    made = plan(meant, f"sklearn={OTHER}")
    assert codes(made)["KM215"] == ["b1"]
    assert made.blocking
    assert made.operations == plan(Selection(), f"sklearn={OTHER}").operations
    accepted = plan(meant, f"sklearn={OTHER}", accept=("KM215=b/b1",), activate=Activate.EACH)
    assert not accepted.blocking
    woken = [a.target.name for stage in accepted.apply for a in stage.activations]
    assert woken == ["a1", "a2", "b1"]
    assert "KM215" not in codes(plan(Selection(formats=("sklearn",)), f"sklearn={OTHER}"))
    assert "KM215" not in codes(plan(meant))


def test_who_moves_at_the_restart_though_not_selected_does_so_too() -> None:
    stale = replace(world(*SERVICES), workloads={STALE: Running("seldonio/mlserver:0.1")})
    meant = Selection(formats=("sklearn",))
    made = plan(meant, f"sklearn={OTHER}", found=stale)
    assert codes(made)["KM215"] == codes(made)["KM202"] == ["b2"]
    assert "restart" in next(f.text for f in made.findings if f.code == "KM215")
    each = plan(meant, f"sklearn={OTHER}", found=stale, activate=Activate.EACH)
    assert "KM215" not in codes(each)
    assert each.forecast[-1].outlook is Outlook.CHANGES_ANYWAY


def test_findings_are_narrowed_where_nothing_is_asked_for() -> None:
    stale = replace(world(*SERVICES), workloads={STALE: Running("seldonio/mlserver:0.1")})
    assert codes(plan(Selection(), found=stale))["KM202"] == ["b2"]
    assert "KM202" not in codes(plan(Selection(namespaces=("a",)), found=stale))
    assert codes(plan(Selection(namespaces=("a",)), f"sklearn={STOCK}", found=stale))["KM202"]


def told(selection: Selection) -> list[str]:
    return [f.text for f in plan(selection, f"sklearn={OTHER}").findings if f.code == "KM216"]


def test_a_selection_of_nobody_is_told() -> None:
    assert told(Selection(namespaces=("a", "bb"))) == [
        "-n bb: no InferenceService fits it (did you mean b?)"
    ]
    assert told(Selection(formats=("sklearn", "onnx"))) == [
        "--format onnx: no InferenceService fits it"
    ]
    assert told(Selection(runtimes=("kserve-mlserver", "kserve-mlservr"))) == [
        "--runtime kserve-mlservr: no InferenceService fits it (did you mean kserve-mlserver?)"
    ]
    assert told(Selection(exclude=("a", "a/x*"))) == ["--exclude a/x*: no InferenceService fits it"]
    assert told(Selection(selector="tier=none")) == ["no InferenceService is selected"]


def test_neighbours_that_are_hit_are_shown_as_such() -> None:
    text = "\n".join(plan_lines(plan(Selection(namespaces=("a",)), f"sklearn={OTHER}"), "c"))
    shown, _, hit = text.partition("1 InferenceService outside the selection restarting by this:")
    assert "a/a1, a/a2" in shown
    assert "b/b1" not in shown
    assert hit.strip().startswith("b/b1")
    assert "b/b2" not in text
    assert "1 InferenceService outside the selection, not moved by this" in text


def test_a_pull_request_shows_neighbours_as_such_too() -> None:
    text = "\n".join(plan_markdown(plan(Selection(namespaces=("a",)), f"sklearn={OTHER}")))
    assert "| **outside the selection, restarting by this** | 1 service: b/b1 |" in text
    assert "b/b2" not in text
    assert text.endswith("\n\n1 InferenceService outside the selection, not moved by this")


@pytest.mark.parametrize("pattern", ["", "/", "a/", "/b", "a/b/c"])
def test_what_cannot_be_excluded(pattern: str) -> None:
    with pytest.raises(UsageError, match="expected NAMESPACE or NAMESPACE/NAME"):
        checked(Selection(exclude=(pattern,)))


def test_a_selection_is_put_in_order() -> None:
    assert checked(Selection(namespaces=("b", "a", "b"))) == Selection(namespaces=("a", "b"))
    with pytest.raises(UsageError, match="-l a b"):
        checked(Selection(selector="a b"))
