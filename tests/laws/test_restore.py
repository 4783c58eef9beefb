"""The law of the checkpoint: from any disturbed state its bytes come back, and that state again.

Through the planner, the engine and the record, on a cluster in memory; stopped at every write, too.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from io import BytesIO
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrate.cluster.memory import MemoryCluster
from migrate.commands.back import prepared
from migrate.commands.carry import Control, End, carry_out
from migrate.commands.checkpointing import make
from migrate.commands.checkpointreading import whole
from migrate.commands.comparing import compare
from migrate.commands.forward import forward
from migrate.commands.reading import read_snapshot
from migrate.commands.runs import plan_of
from migrate.errors import KmigrateError, StaleError
from migrate.execute import record
from migrate.execute.run import Run
from migrate.objects import Manifest, ObjectRef
from migrate.planning.former.restore import plan_restore
from migrate.planning.model.checkpoint import Checkpoint
from migrate.planning.model.desired import Options
from migrate.planning.model.plan import Plan
from migrate.planning.model.strategy import Strategy
from migrate.report.console import Console
from tests.commands.reconciling import reconcile
from tests.commands.restoring import (
    CONFIG,
    NEWER,
    PMML,
    XGB,
    a_cluster,
    before,
    data,
    gone,
    image,
    runtime,
    service,
    specs,
    upgrade_taken_back,
)
from tests.execute.flaky import Fault, FlakyCluster, KilledError
from tests.planning.converting import upgraded

CONTROL = Control(timeout=5, lease_duration=1, lock_timeout=None)
"""Who is killed as he gives the Lease up keeps it for a second."""
UNREAD = "is as after the rollback"
STOCK = upgraded("0.9.0").config["data"]["predictors"]
HUGGING = ObjectRef(XGB.api_version, XGB.kind, NEWER)
ASKED = Options(strategy=Strategy.RESTORE, checkpoint="before")
_TEXT = st.text(st.sampled_from('aé世"\\{}:\n \u2028'), max_size=8)
_WORTH = st.one_of(st.none(), st.integers(0, 9), st.booleans(), _TEXT)
_LEAF = st.recursive(
    _WORTH,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)
_JSON = st.builds(json.dumps, _LEAF)
_CONTAINER = st.fixed_dictionaries(
    {"name": st.sampled_from(["kserve-container", "beside"]), "image": st.sampled_from("ab")},
    optional={
        "args": st.lists(st.sampled_from(["--a", "--b=1", "{{.Name}}"]), max_size=3),
        "env": st.lists(
            st.fixed_dictionaries({"name": st.sampled_from("AB"), "value": _TEXT}), max_size=3
        ),
    },
)
_SPEC = st.fixed_dictionaries(
    {
        "containers": st.lists(_CONTAINER, min_size=1, max_size=2, unique_by=lambda c: c["name"]),
        "supportedModelFormats": st.lists(
            st.fixed_dictionaries({"name": st.sampled_from(["pmml", "xgboost"])}), max_size=2
        ),
    },
    optional={"disabled": st.booleans(), "nodeSelector": st.dictionaries(_TEXT, _TEXT, max_size=2)},
)
_KEYS = st.sampled_from(["ingress", "gone", "localModel", "a/b", "~x", "größe"])


def checkpoint(found: MemoryCluster) -> Checkpoint:
    made = make(found, "kserve", "before", "", "")
    payload = gzip.decompress(b"".join(made.packed.pieces))
    return whole(lambda: iter(BytesIO(payload)), "checkpoint")


def planned(found: MemoryCluster, known: Checkpoint) -> Plan:
    return plan_restore(read_snapshot(found, "kserve", ""), known, ASKED)


def go(found: Any, made: Plan, run: Run | None = None) -> End:
    known = record.runs(found, "kserve")
    job = forward(found, made, run, known, partial(compare, found, made, ""), is_tried=True)
    return carry_out(found, job, CONTROL, Console())


def back(found: Any) -> End:
    known = record.runs(found, "kserve")
    return carry_out(found, prepared(found, known, known[-1], "")[0], CONTROL, Console())


def state(found: MemoryCluster) -> tuple[Any, Any]:
    return data(found), specs(found)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    keys=st.dictionaries(_KEYS, _TEXT),
    predictors=st.one_of(st.sampled_from([STOCK, f"{STOCK}\r\n", "", None]), _TEXT, _JSON),
    spec=_SPEC,
    others=st.lists(st.sampled_from([NEWER, "kserve-lgbserver", "mine"]), unique=True),
    missing=st.booleans(),
)
def test_from_any_state_it_comes_back_and_goes_again(
    keys: dict[str, str],
    predictors: str | None,
    spec: Manifest,
    others: list[str],
    missing: bool,
) -> None:
    found = a_cluster()
    known = checkpoint(found)
    goal = state(found)
    found.patch(CONFIG, {"data": {**dict.fromkeys(data(found)), **keys, "predictors": predictors}})
    found.patch(XGB, {"spec": None})
    found.patch(XGB, {"spec": spec})
    if missing:
        gone(found, PMML)
    for name in others:
        if name not in str(specs(found)):
            found.create(runtime(name, f"mirror/{name.removeprefix('kserve-')}:1"))
    disturbed = state(found)
    made = planned(found, known)
    assert not made.blocking, made.blocking
    assert go(found, made).whole
    kept = {name: spec for name, spec in disturbed[1].items() if name.endswith("/mine")}
    assert state(found) == (goal[0], {**goal[1], **kept})
    assert not planned(found, known).operations
    if any(one.code == "KM111" and one.text.endswith(UNREAD) for one in made.findings):
        with pytest.raises(KmigrateError):  # back to what KServe cannot read is refused
            back(found)
    else:
        back(found)
        assert state(found) == disturbed


EDITS: dict[str, Callable[[MemoryCluster], object]] = {
    "a key that goes back": lambda c: c.patch(CONFIG, {"data": {"ingress": "{ }"}}),
    "a key that stays": lambda c: c.patch(CONFIG, {"data": {"deploy": "{ }"}}),
    "a runtime that goes back": lambda c: image(c, XGB, "x/mine:1"),
    "a runtime that goes": lambda c: image(c, HUGGING, "x/mine:1"),
    "a runtime that is made": lambda c: c.create(runtime(PMML.name, "x/mine:1")),
    "a service that would move": lambda c: c.create(service("late", "xgboost")),
}


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_after_the_preview_stops_it(what: str) -> None:
    found = a_cluster()
    known = checkpoint(found)
    upgrade_taken_back(found)
    made = planned(found, known)
    EDITS[what](found)
    if what == "a service that would move":
        reconcile(found)
    meddled = state(found)
    with pytest.raises(StaleError):
        go(found, made)
    assert state(found) == meddled
    assert not record.runs(found, "kserve")


@pytest.mark.parametrize("fault", [Fault.KILLED_BEFORE, Fault.KILLED_AFTER])
@pytest.mark.parametrize("then", ["on", "back"])
def test_stopped_at_any_write_it_comes_to_either_end(fault: Fault, then: str) -> None:
    def disturbed() -> tuple[MemoryCluster, Checkpoint]:
        found = a_cluster()
        known = checkpoint(found)
        upgrade_taken_back(found)
        return found, known

    found, known = disturbed()
    start = state(found)
    counted = Silent(found)
    go(counted, planned(found, known))
    assert counted.writes > 8
    assert state(found) == before()
    for at in range(1, counted.writes + 1):
        found, known = disturbed()
        made = planned(found, known)
        with suppress(KilledError, KmigrateError):
            go(Silent(found, at, fault), made)
        runs = record.runs(found, "kserve")
        if then == "on":
            if not runs or not runs[-1].finished:
                run = runs[-1] if runs else None
                go(found, _recorded(found, run) if run else made, run)
            assert state(found) == before()
        elif runs:
            back(found)
            assert state(found) == start


def _recorded(found: MemoryCluster, run: Run) -> Plan:
    return plan_of(found, run)


class Silent(FlakyCluster):
    """Nobody acts on it: nothing is awaited."""

    controllers_act = False
