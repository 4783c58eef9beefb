"""Edits by somebody else on a real API server: at three moments of an apply, on two releases."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from migrate.__main__ import main
from migrate.cluster.kube import connect
from migrate.commands.target import Target
from migrate.objects import ObjectRef
from tests.commands.meddling import Around, Moment
from tests.real.claims import (
    OTHER_IMAGE,
    RUNTIME,
    add_service,
    copy_runtime,
    image_of,
    only_if_all,
    stock_runtime,
)
from tests.real.cli import kmigrate, on_a_terminal, read_until
from tests.real.world import CONFIG
from tests.testbed.kserve import SERVING_ALPHA, KServe

on_each_kind = pytest.mark.parametrize("kserve_cluster", ["0.9.0", "0.15.2"], indirect=True)
anywhere = pytest.mark.parametrize(
    "kserve_cluster", ["0.15.2", *only_if_all("0.9.0")], indirect=True
)
SET = ("--set", f"runtime/{RUNTIME}={OTHER_IMAGE}")
TARGET = ObjectRef(SERVING_ALPHA, "ClusterServingRuntime", RUNTIME)
WRITTEN = re.compile(r"last written by [^ ]+ \((Update|Apply), \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\)")
EARLY = (Moment.BETWEEN_PLAN_AND_APPLY, Moment.AT_THE_PROMPT)
Edit = Callable[[KServe, str], None]


@pytest.fixture
def team(kserve_cluster: KServe) -> Iterator[str]:
    namespace = kserve_cluster.create_namespace("team")
    add_service(kserve_cluster, namespace, "iris")
    yield namespace
    kserve_cluster.reset()


def config_of(cluster: KServe) -> Any:
    return cluster.api.get_same(CONFIG)


def set_runtime(cluster: KServe, **changes: Any) -> None:
    runtime = stock_runtime(cluster)
    runtime["spec"]["containers"][0].update(changes)
    cluster.api.patch(runtime, {"spec": {"containers": runtime["spec"]["containers"]}})


def set_predictors(cluster: KServe, text: str) -> None:
    cluster.api.patch(config_of(cluster), {"data": {"predictors": text}})


def another_image(cluster: KServe, _team: str) -> None:
    set_runtime(cluster, image="theirs/sklearnserver:v2")


def other_arguments(cluster: KServe, _team: str) -> None:
    set_runtime(cluster, args=["--theirs"])


def another_leaf(cluster: KServe, _team: str) -> None:
    document = json.loads(config_of(cluster)["data"].get("predictors", "{}"))
    document["lightgbm"] = {**document.get("lightgbm", {}), "image": "theirs/lgbserver"}
    set_predictors(cluster, json.dumps(document))


def there_and_back(cluster: KServe, _team: str) -> None:
    before = stock_runtime(cluster)
    other_arguments(cluster, _team)
    set_runtime(cluster, args=before["spec"]["containers"][0]["args"])
    after = stock_runtime(cluster)
    assert after["spec"] == before["spec"]
    assert after["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]


def beside_it(cluster: KServe, _team: str) -> None:
    """Another key of the ConfigMap, and an annotation of the runtime."""
    cluster.api.patch(config_of(cluster), {"data": {"explainers": "{}"}})
    cluster.api.patch(stock_runtime(cluster), {"metadata": {"annotations": {"note": "x"}}})


def late_service(cluster: KServe, team: str) -> None:
    add_service(cluster, team, "late")


def hiding_runtime(cluster: KServe, team: str) -> None:
    copy_runtime(cluster, team)


def applied(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    cluster: KServe,
    moment: Moment,
    edit: Callable[[], None],
) -> tuple[int, str]:
    """Apply with the edit at that moment; return the exit code and all that was said."""
    if moment is Moment.BETWEEN_PLAN_AND_APPLY:
        file = tmp_path / "plan.json"
        kmigrate(cluster.admin, "plan", *SET, "--out", str(file))
        edit()
        done = kmigrate(cluster.admin, "apply", str(file), expect=None)
        return done.returncode, done.stderr
    if moment is Moment.AT_THE_PROMPT:
        return answered(cluster, edit)
    around = Around(connect(str(cluster.admin), None), TARGET, edit)
    monkeypatch.setattr(Target, "open", lambda *_: around)
    capfd.readouterr()
    code = main(["apply", "--yes", *SET])
    assert around.is_done
    return code, capfd.readouterr().err


def answered(cluster: KServe, edit: Callable[[], None]) -> tuple[int, str]:
    """Apply on a terminal, and edit before the answer."""
    child, terminal = on_a_terminal(cluster.admin, "apply", *SET)
    said = read_until(terminal, b"Only yes is taken for an answer")
    assert OTHER_IMAGE.encode() in said
    edit()
    os.write(terminal, b"yes\n")
    try:
        while more := os.read(terminal, 65536):
            said += more
    except OSError:  # how Linux says that the other end was closed
        pass
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), said.decode().replace("\r\n", "\n")


@anywhere
@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("edit", [there_and_back, beside_it])
def test_what_does_not_matter_is_not_in_the_way(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    kserve_cluster: KServe,
    team: str,
    moment: Moment,
    edit: Edit,
) -> None:
    cluster, before = kserve_cluster, image_of(kserve_cluster, team, "iris")
    code, said = applied(monkeypatch, capfd, tmp_path, cluster, moment, lambda: edit(cluster, team))
    assert code == 0, said
    assert image_of(cluster, team, "iris") == OTHER_IMAGE
    kmigrate(cluster.admin, "rollback", "--yes")
    assert image_of(cluster, team, "iris") == before


IN_THE_RUNTIME = (
    (another_image, (f"ClusterServingRuntime {RUNTIME}", "theirs/sklearnserver:v2")),
    (other_arguments, (f"ClusterServingRuntime {RUNTIME}", "/args", "the whole of it decides")),
)
MEANWHILE = (
    (late_service, ("/late", "came since")),
    (hiding_runtime, ("/iris", "ServingRuntime team", RUNTIME)),
)


@anywhere
@pytest.mark.parametrize(
    ("edit", "words", "moment"),
    [
        *((*case, moment) for case in IN_THE_RUNTIME for moment in Moment),
        *((*case, moment) for case in MEANWHILE for moment in EARLY),
    ],
)
def test_what_matters_is_refused_with_the_difference_and_who_made_it(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    kserve_cluster: KServe,
    team: str,
    moment: Moment,
    edit: Edit,
    words: tuple[str, ...],
) -> None:
    cluster, before = kserve_cluster, image_of(kserve_cluster, team, "iris")
    code, said = applied(monkeypatch, capfd, tmp_path, cluster, moment, lambda: edit(cluster, team))
    refused(cluster, team, before, code, said, words)


@on_each_kind
@pytest.mark.parametrize("moment", EARLY)
def test_predictors_matter_where_the_release_reads_them(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    kserve_cluster: KServe,
    team: str,
    moment: Moment,
) -> None:
    """Up to 0.9 a restart makes everybody follow the whole of them; later nobody reads them."""
    cluster, before = kserve_cluster, image_of(kserve_cluster, team, "iris")
    reads = cluster.release.version == "0.9.0"
    code, said = applied(
        monkeypatch, capfd, tmp_path, cluster, moment, lambda: another_leaf(cluster, team)
    )
    if reads:
        words = ("/data/predictors /lightgbm/image", "theirs/lgbserver", "everybody follows")
        refused(cluster, team, before, code, said, words)
    else:
        assert code == 0, said
        kmigrate(cluster.admin, "rollback", "--yes")


def refused(
    cluster: KServe, team: str, before: str, code: int, said: str, words: tuple[str, ...]
) -> None:
    assert code == 5, said
    # A terminal wraps it.
    error = " ".join(said.rpartition("error: ")[2].split())
    for word in ("has changed since the plan was made", *words):
        assert word in error, error
    assert WRITTEN.search(error), error
    assert OTHER_IMAGE not in str(stock_runtime(cluster)["spec"])
    assert image_of(cluster, team, "iris") == before
    assert "unfinished" not in kmigrate(cluster.admin, "status").stdout
