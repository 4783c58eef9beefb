"""What becomes of copies and converted services by `kmigrate rollback CHECKPOINT`."""

from __future__ import annotations

import pytest

from migrate.errors import Exit
from migrate.execute import record
from migrate.objects import ObjectRef
from tests.commands.admitting import IRIS, forms, two
from tests.commands.reconciling import reconcile
from tests.commands.restoring import (
    CONFIG,
    COPY,
    after_failed_upgrade,
    before,
    data,
    specs,
)
from tests.commands.verbs import Verbs
from tests.commands.wording import Make
from tests.planning.converting import upgraded

pytestmark = pytest.mark.usefixtures("here")

STOCK = upgraded("0.9.0").config["data"]["predictors"]


@pytest.fixture
def verbs(make: Make) -> Verbs:
    """A checkpoint was made, then came the upgrade and its way back."""
    return after_failed_upgrade(make)


def _moved(verbs: Verbs) -> None:
    """A run moves the override into namespaces, between checkpoint and rollback."""
    code, _, error = verbs("apply", "--to-runtimes", "--set", "xgboost=x/xgb:1", "--yes")
    assert code == Exit.OK, error
    assert COPY in _copies(verbs)


def _copies(verbs: Verbs) -> set[ObjectRef]:
    kind = "ServingRuntime"
    found = verbs.cluster.list("serving.kserve.io/v1alpha1", kind, dict)
    pairs = ((one["metadata"]["name"], one["metadata"]["namespace"]) for one in found)
    return {ObjectRef("serving.kserve.io/v1alpha1", kind, *pair) for pair in pairs}


def test_copies_made_since_go(verbs: Verbs) -> None:
    _moved(verbs)
    code, _, error = verbs("rollback", "before", "--yes")
    assert code == Exit.OK, error
    assert f"delete {COPY}" in error
    assert "plan -o wide" not in error
    assert (data(verbs.cluster), specs(verbs.cluster)) == before()
    reconcile(verbs.cluster)
    runs = record.runs(verbs.cluster, "kserve")
    code, _, error = verbs("rollback", runs[0].head.id, "--yes")
    assert (code, runs[1].head.id in error) == (Exit.BLOCKED, True)
    assert verbs("rollback", "--yes")[0] == Exit.OK
    assert COPY in _copies(verbs)


def test_copies_stay_where_that_is_asked(verbs: Verbs) -> None:
    _moved(verbs)
    code, _, error = verbs("rollback", "before", "--yes", "--keep-runtimes")
    assert code == Exit.OK, error
    said = " ".join(error.split())
    assert "as asked by --keep-runtimes" in said
    assert "ran registry.example.com/ml/xgbserver:ours at the checkpoint, will run x/xgb:1" in said
    assert COPY in _copies(verbs)
    assert data(verbs.cluster) == before()[0]


def test_copies_stay_that_converted_services_need(make: Make) -> None:
    verbs = make(found=two())
    assert verbs("checkpoint", "before")[0] == Exit.OK
    former = verbs.cluster.get(CONFIG)["data"]
    code, _, error = verbs("apply", "--to-runtimes", "--convert", "--yes")
    assert code == Exit.OK, error
    assert forms(verbs.cluster) == {"iris": "model", "far": "model"}
    verbs.cluster.patch(CONFIG, {"data": {"predictors": STOCK}})
    reconcile(verbs.cluster)
    copies = _copies(verbs)
    assert len(copies) == 2
    code, _, error = verbs("rollback", "before", "--yes")
    assert code == Exit.OK, error
    said = " ".join(error.split())
    assert "KM304: converted since the checkpoint" in said
    assert "KM307: ServingRuntime team/kserve-sklearnserver came since the checkpoint" in said
    assert "KM302" not in said
    assert (_copies(verbs), verbs.cluster.get(CONFIG)["data"]) == (copies, former)


def test_who_was_converted_by_a_write_is_told_with_the_remedy(make: Make) -> None:
    verbs = make(found=two())
    assert verbs("checkpoint", "before")[0] == Exit.OK
    verbs.cluster.patch(IRIS, {})
    verbs.cluster.patch(CONFIG, {"data": {"predictors": STOCK}})
    reconcile(verbs.cluster)
    code, _, error = verbs("rollback", "before", "--yes")
    assert code == Exit.OK, error
    said = " ".join(error.split())
    assert "KM304: converted since the checkpoint" in said
    then = "registry.example.com/ml/sklearnserver:v0.7.0"
    assert f"ran {then} at the checkpoint, will run kserve/sklearnserver:v0.7.0" in said
    assert "fix: kmigrate plan --from-checkpoint before --to-runtimes gives it back" in said
