"""Variables and flags as edits of a runtime, and what differs between two pods."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET

from migrate.errors import BlockedError, UsageError
from migrate.kserve.building import Pod
from migrate.operations.model import Edit
from migrate.planning.model.desired import Desired, EnvVar
from migrate.planning.model.settings import edits_in, merged, with_flags
from migrate.planning.world.differences import differences
from tests.planning.runtimes import RUNTIME, cluster_runtime

AT = "/spec/containers/name=kserve-container"
SECRET: Any = {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
A1: Any = {"name": "A", "value": "1"}


def edits(container: dict[str, Any], **wanted: Any) -> tuple[Edit, ...]:
    found = cluster_runtime("r", "x:1", "sklearn")
    found["spec"]["containers"] = [{"name": "kserve-container", "image": "x:1", **container}]
    return edits_in(found, "kserve-container", Desired(runtime="r", **wanted))


@pytest.mark.parametrize(
    ("env", "edit"),
    [
        ({}, Edit(f"{AT}/env", UNSET, [A1])),
        ({"env": []}, Edit(f"{AT}/env", [], [A1])),
        ({"env": [{"name": "B"}]}, Edit(f"{AT}/env/name=A", UNSET, A1)),
        ({"env": [{"name": "A", "value": "0"}]}, Edit(f"{AT}/env/name=A/value", "0", "1")),
        ({"env": [{"name": "A"}]}, Edit(f"{AT}/env/name=A/value", UNSET, "1")),
        ({"env": [SECRET]}, Edit(f"{AT}/env/name=A", SECRET, A1)),
        ({"env": [A1]}, None),
    ],
)
def test_a_variable(env: dict[str, Any], edit: Edit | None) -> None:
    assert edits(env, env=(EnvVar("A", "1"),)) == ((edit,) if edit else ())


def test_an_empty_value_is_one() -> None:
    assert edits({"env": [{"name": "A"}]}, env=(EnvVar("A", ""),)) == ()
    assert edits({"env": [A1]}, env=(EnvVar("A", ""),)) == (
        Edit(f"{AT}/env/name=A/value", "1", ""),
    )


def test_a_variable_that_is_there_twice_is_refused() -> None:
    with pytest.raises(
        BlockedError, match="expected the variable A once, found it twice"
    ) as caught:
        edits({"env": [A1, SECRET]}, env=(EnvVar("A", "2"),))
    assert caught.value.hint == "kubectl edit ClusterServingRuntime r"
    assert edits({"env": [A1, SECRET]}, env=(EnvVar("B", "2"),))


@pytest.mark.parametrize(
    ("before", "flag", "after"),
    [
        ([], "--w=2", ["--w=2"]),
        (["--a", "--w=1", "--b"], "--w=2", ["--a", "--w=2", "--b"]),
        (["--a", "--w", "1", "--b"], "--w=2", ["--a", "--w=2", "--b"]),
        (["--w", "-1", "--b"], "--w=2", ["--w=2", "--b"]),
        (["--w", "--b"], "--w=2", ["--w=2", "--b"]),
        (["--w", "1", "--b", "--w=3", "c"], "--w=2", ["--w=2", "--b", "c"]),
        (["--b", "--w"], "--w=2", ["--b", "--w=2"]),
        (["--w", "positional"], "--w", ["--w", "positional"]),
        (["--w=1"], "--w", ["--w"]),
        (["--ww=1", "--w-w", "server"], "--w=2", ["--ww=1", "--w-w", "server", "--w=2"]),
        (["--w=a=b"], "--w=c=d", ["--w=c=d"]),
    ],
)
def test_a_flag(before: list[str], flag: str, after: list[str]) -> None:
    assert with_flags(before, [flag]) == after
    assert with_flags(after, [flag]) == after


def test_flags_are_one_edit_of_the_whole_list() -> None:
    wanted = ("--w=2", "--c")
    [edit] = edits({"args": ["--w", "1", "--b"]}, args=wanted)
    assert edit == Edit(f"{AT}/args", ["--w", "1", "--b"], ["--w=2", "--b", "--c"])
    assert edits({}, args=wanted) == (Edit(f"{AT}/args", UNSET, ["--w=2", "--c"]),)
    assert edits({"args": ["--c", "--w=2"]}, args=wanted) == ()


@pytest.mark.parametrize(
    "container",
    [
        {"command": ["/bin/bash", "-ec"], "args": ["exec serve"]},
        {"args": ["sh", "-c", "exec serve"]},
    ],
)
def test_a_script_has_no_flags(container: dict[str, Any]) -> None:
    with pytest.raises(BlockedError, match="found the script of a shell"):
        edits(container, args=("--w=2",))


def test_a_server_that_takes_a_flag_c_is_no_shell() -> None:
    assert edits({"command": ["serve", "-c"], "args": ["conf"]}, args=("--w=2",))


def test_all_that_is_wanted_of_a_runtime() -> None:
    one = Desired(format="sklearn", image="a:1", env=(EnvVar("A", "1"),), args=("--w=2",))
    other = Desired(format="xgboost", env=(EnvVar("A", "1"), EnvVar("B", "")), args=("--c",))
    assert merged(RUNTIME, [one, other]) == Desired(
        runtime=RUNTIME.name,
        image="a:1",
        env=(EnvVar("A", "1"), EnvVar("B", "")),
        args=("--w=2", "--c"),
    )


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"image": "a:2"}, "its image is wanted as a:1 by sklearn and as a:2 by xgboost"),
        ({"env": (EnvVar("A", "2"),)}, "its env A is wanted differently by sklearn and by xgboost"),
        ({"args": ("--w",)}, "its args --w is wanted differently"),
    ],
)
def test_what_contradicts_is_refused(setting: dict[str, Any], words: str) -> None:
    one = Desired(format="sklearn", image="a:1", env=(EnvVar("A", "1"),), args=("--w=2",))
    with pytest.raises(UsageError, match=words):
        merged(RUNTIME, [one, Desired(format="xgboost", **setting)])


def pod(**container: Any) -> Pod:
    return Pod(({"name": "kserve-container", **container},))


FIELD = {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}


@pytest.mark.parametrize(
    ("before", "after", "path", "value"),
    [
        (None, A1, "/value", "1"),
        (A1, None, "/value", None),
        ({"name": "A", "value": "0"}, A1, "/value", "1"),
        (None, {"name": "A"}, "/name", "A"),
        ({"name": "A"}, None, "/name", None),
        (SECRET, A1, "/value", "1"),
        (A1, FIELD, "/valueFrom/fieldRef/fieldPath", "metadata.name"),
        (FIELD, {"name": "A", "value": ""}, "/valueFrom/fieldRef/fieldPath", None),
    ],
)
def test_the_field_by_which_a_variable_is_told(
    before: Any, after: Any, path: str, value: str | None
) -> None:
    envs = [[{"name": "B", "value": "b"}, *filter(None, [item])] for item in (before, after)]
    [found] = differences(pod(env=envs[0]), pod(env=envs[1]))
    assert (found.what, found.path, found.value) == ("env A", f"/env/name=A{path}", value)


def test_of_two_variables_of_one_name_the_first_is_found_by_a_path() -> None:
    own = {"name": "A", "value": "own"}
    [found] = differences(pod(env=[A1, own]), pod(env=[{"name": "A", "value": "2"}, own]))
    assert found.value == "2"


def test_what_the_api_server_writes_itself_tells_nothing() -> None:
    full = {"name": "A", "valueFrom": {"fieldRef": {**FIELD["valueFrom"]["fieldRef"]}}}  # type: ignore[index]
    full["valueFrom"]["fieldRef"]["apiVersion"] = "v1"  # type: ignore[index]
    assert differences(pod(env=[full]), pod(env=[FIELD])) == ()


@pytest.mark.parametrize(
    ("before", "after", "what", "path", "value"),
    [
        (["--a", "--w=1"], ["--a", "--w=2"], "args --w", "/args/1", "--w=2"),
        (["--w", "1", "--a"], ["--w=2", "--a"], "args --w", "/args/0", "--w=2"),
        (["--a"], ["--a", "--b", "--w=2"], "args --b, --w", "/args/1", "--b"),
        (["--a", "--b"], ["--a"], "args --b", "/args/1", None),
        ([], ["x"], "args", "/args/0", "x"),
    ],
)
def test_the_argument_by_which_flags_are_told(
    before: list[str], after: list[str], what: str, path: str, value: str | None
) -> None:
    [found] = differences(pod(args=before), pod(args=after))
    assert (found.what, found.path, found.value) == (what, path, value)


def test_pods_that_differ_in_their_image_alone() -> None:
    same = {"env": [A1], "args": ["--a"]}
    assert differences(pod(image="a:1", **same), pod(image="a:2", **same)) == ()
    assert differences(None, pod(**same)) == ()
