"""What `check` finds: each code where it belongs, and nothing on what KServe itself ships."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from migrate.catalog.runtimes import releases
from migrate.errors import UsageError
from migrate.kserve.releases import parse_release
from migrate.kserve.runtimes import Runtime
from migrate.kserve.services import InferenceService
from migrate.kserve.stock import stock_runtimes
from migrate.planning.model.codes import SEVERITY
from migrate.planning.model.plan import Severity
from tests.planning.checking import CLUSTER, IRIS, NAMELESS, SKLEARN, Json, checked, codes, runtime
from tests.planning.clusters import service

GPU = {"limits": {"nvidia.com/gpu": "1"}}
DIGEST = f"tensorflow/serving@sha256:{'a' * 64}"
TENSORFLOW = [{"name": "tensorflow", "autoSelect": True}]
MLSERVER = {"env": [{"name": "MLSERVER_MODEL_IMPLEMENTATION", "value": "{{.Labels.modelClass}}"}]}

CASES: list[tuple[str, str, tuple[InferenceService | Runtime, ...]]] = [
    ("KM401", "0.15.2", (IRIS, runtime("kserve-sklearnserver", container=NAMELESS))),
    ("KM402", "0.15.2", (
        service("big", model={"modelFormat": {"name": "tensorflow"}, "resources": GPU}),
        runtime("kserve-tensorflow-serving", supportedModelFormats=TENSORFLOW,
                container={"image": DIGEST}),
    )),
    ("KM402", "0.8.0", (
        service("iris", model={**SKLEARN, "runtimeVersion": "2"}),
        runtime("kserve-sklearnserver", container={"image": "r.example:5000/x/sklearnserver:1"}),
    )),
    ("KM403", "0.15.2", (service("iris", model={**SKLEARN, "runtimeVersion": "v0.7.0"}), CLUSTER)),
    ("KM404", "0.15.2", tuple(
        runtime(name, protocolVersions=["v1"], supportedModelFormats=[
            {"name": "sklearn", "autoSelect": True, "priority": 1}])
        for name in ("a", "b")
    )),
    ("KM405", "0.15.2", (
        service("iris", model={**SKLEARN, "protocolVersion": "v2"}),
        runtime("kserve-mlserver", "", protocolVersions=["v2"], supportedModelFormats=[
            {"name": "sklearn", "autoSelect": True, "priority": 2}]),
        CLUSTER,
        runtime("kserve-sklearnserver"),
    )),
    ("KM406", "0.15.2", (IRIS,)),
    ("KM406", "0.15.2", (service("iris", model={**SKLEARN, "runtime": "gone"}), CLUSTER)),
    ("KM407", "0.15.2", (runtime("lonely"),)),
    ("KM408", "0.15.2", (runtime("my-mlserver", container=MLSERVER),)),
    ("KM408", "0.15.2", (
        service("big", model={"modelFormat": {"name": "tensorflow"}, "resources": GPU}),
        runtime("my-serving", supportedModelFormats=TENSORFLOW,
                container={"image": "mirror/tensorflow/serving:2.6.2"}),
    )),
    ("KM410", "0.15.2", (
        service("iris", model={**SKLEARN, "env": [{"name": "DB_PASSWORD", "value": "hunter2!"}]}),
        CLUSTER,
    )),
    ("KM411", "0.9.0", (service("old", sklearn={"runtimeVersion": "v0.7.0"}),)),
    ("KM412", "0.20.0", (runtime("path", container={
        "env": [{"name": "PYTHONPATH", "value": "/x"}]}),)),
    ("KM417", "0.20.0", (CLUSTER, service("iris", model={
        **SKLEARN, "env": [{"name": "PYTHONPATH", "value": "/x"}]}))),
    ("KM417", "0.16.0", (CLUSTER, service("iris", model={**SKLEARN, "name": "kserve-container"}))),
    ("KM413", "0.15.2", (runtime("odd", container={"name": "other"}),)),
    ("KM413", "0.15.2", (runtime("empty", containers=[]),)),
    ("KM413", "0.9.0", (runtime("two", containers=[{"name": "a"}, {"name": "b"}]),)),
    ("KM414", "0.10.2", (service("old", sklearn={"runtimeVersion": "v0.7.0"}),)),
    ("KM418", "0.20.0", (
        service("llm", model={"modelFormat": {"name": "vLLM"}}),
        runtime("kserve-vllmserver", "", container={"image": "reg.example/own/vllm:1"},
                supportedModelFormats=[{"name": "vLLM", "autoSelect": True}]),
    )),
    ("KM419", "0.9.0", (
        runtime("kserve-sklearnserver", "", protocolVersions=["v1"]),
        runtime("kserve-sklearnserver"),
    )),
    ("KM203", "0.15.2", (IRIS, runtime("kserve-sklearnserver", container={
        "args": ["--model_name={{if .Name}}x{{end}}"]}))),
]  # fmt: skip


@pytest.mark.parametrize(("code", "release", "found"), CASES)
def test_finds(code: str, release: str, found: tuple[Any, ...]) -> None:
    assert code in codes(checked(*found, release=release))


@pytest.mark.parametrize(
    ("code", "release", "fix"),
    [
        ("KM411", "0.9.0", "kmigrate plan --target 0.10.2"),
        ("KM414", "0.10.2", "kmigrate plan --to-runtimes --convert"),
    ],
)
def test_the_framework_form_has_a_command_that_keeps_the_image(
    code: str, release: str, fix: str
) -> None:
    made = checked(service("old", sklearn={"runtimeVersion": "v0.7.0"}), release=release)
    assert [fix in one.fix for one in made.findings if one.code == code] == [True]


def test_every_code_of_a_check_is_covered() -> None:
    elsewhere = {"KM409", "KM415", "KM416"}
    tried = {code for code, _, _ in CASES} | elsewhere
    assert {code for code in SEVERITY if code.startswith("KM4")} <= tried


@pytest.mark.parametrize("release", [r for r in releases() if not r.startswith("0.7")])
def test_what_a_release_ships_has_no_error_of_its_own(release: str) -> None:
    made = checked(*stock_runtimes(release).values(), release=release)
    assert not [one for one in made.findings if one.severity is Severity.ERROR]


@pytest.mark.parametrize("release", [r for r in releases() if parse_release(r).minor > 10])
def test_services_on_stock_runtimes_have_no_finding(release: str) -> None:
    made = checked(IRIS, *stock_runtimes(release).values(), release=release)
    # The text of this test has predictors, which these releases do not read.
    assert codes(made) <= {"KM415"}


@pytest.mark.parametrize(
    ("name", "tag", "limits", "is_found"),
    [
        ("my-serving", "2.6.2", GPU, True),
        ("my-serving", "2.6.2-gpu", GPU, False),
        ("my-serving", "2.6.2", {}, False),
        ("kserve-tensorflow-serving", "2.6.2", GPU, False),
    ],
)
def test_the_suffix_for_gpus_is_lost_with_the_name(
    name: str, tag: str, limits: Json, *, is_found: bool
) -> None:
    big = service("big", model={"modelFormat": {"name": "tensorflow"}, "resources": limits})
    image = {"image": f"tensorflow/serving:{tag}"}
    made = checked(big, runtime(name, supportedModelFormats=TENSORFLOW, container=image))
    assert ("KM408" in codes(made)) is is_found


def test_a_literal_name_is_a_name() -> None:
    fixed = runtime("kserve-sklearnserver", container={"args": ["--model_name", "iris"]})
    assert "KM401" not in codes(checked(IRIS, fixed))


def test_a_time_bomb_is_the_image_of_the_next_reconcile() -> None:
    now = {"iris": "kserve/sklearnserver:v0"}
    made = checked(IRIS, CLUSTER, release="0.10.2", images=now)
    bomb = next(one for one in made.findings if one.code == "KM202")
    assert "kserve/sklearnserver:v0 becomes kserve/sklearnserver:v1" in bomb.text
    same = checked(IRIS, CLUSTER, release="0.10.2", images={"iris": "kserve/sklearnserver:v1"})
    assert "KM202" not in codes(same)


def test_a_version_that_only_looks_different_is_pointed_out() -> None:
    of = service("iris", model={**SKLEARN, "modelFormat": {"name": "sklearn", "version": "1.0"}})
    (found,) = [one for one in checked(of, CLUSTER).findings if one.code == "KM406"]
    assert "it is written '1'" in found.text


def test_nobody_is_told_to_take_away_a_pin_that_may_be_meant() -> None:
    """A plan for an upgrade counts on it: without it the runtime's tag would run."""
    pinned = service("iris", model={**SKLEARN, "runtimeVersion": "v0.7.0"})
    (found,) = [one for one in checked(pinned, CLUSTER).findings if one.code == "KM403"]
    assert found.fix.startswith("keep it where that tag is meant")


def test_left_over_predictors_are_told_on_a_release_that_does_not_read_them() -> None:
    assert "KM415" in codes(checked(release="0.10.2", predictors='{"sklearn": {}}'))
    assert "KM415" not in codes(checked(release="0.9.0"))


def test_disable_auto_update_is_told_where_it_works() -> None:
    manifest = {
        "metadata": {
            "name": "iris",
            "namespace": "team",
            "annotations": {"serving.kserve.io/disable-auto-update": "true"},
        },
        "spec": {"predictor": {"model": SKLEARN}},
    }
    of = msgspec.convert(manifest, InferenceService)
    assert "KM409" in codes(checked(of, CLUSTER, release="0.16.0"))
    assert "KM409" not in codes(checked(of, CLUSTER, release="0.15.2"))


def test_a_stored_mode_of_0_15_is_an_error_under_0_16_to_0_18() -> None:
    manifest = {
        "metadata": {"name": "iris", "namespace": "team"},
        "spec": {"predictor": {"model": SKLEARN}},
        "status": {"deploymentMode": "RawDeployment"},
    }
    of = msgspec.convert(manifest, InferenceService)
    under = {release: checked(of, CLUSTER, target=release) for release in ("0.16.0", "0.18.1")}
    assert all("KM416" in codes(made) for made in under.values())
    assert "KM416" not in codes(checked(of, CLUSTER))
    # Not so where 0.16 to 0.18 are passed by.
    assert "KM416" not in codes(checked(of, CLUSTER, target="0.19.0", direct=True))
    assert "KM416" in codes(checked(of, CLUSTER, target="0.19.0"))


def test_pytorch_of_0_7_has_no_image_under_0_8() -> None:
    """Seen when a cluster was upgraded: the nested entry is not read, and the name is empty."""
    text = json.dumps({"pytorch": {"v2": {"image": "a/torch", "defaultImageVersion": "0.4.1"}}})
    old = service("net", pytorch={"runtimeVersion": "0.4.1"})
    made = checked(old, release="0.7.0", target="0.8.0", predictors=text)
    (found,) = [one for one in made.findings if one.code == "KM414"]
    assert "':0.4.1'" in found.text


def test_services_that_were_never_written_have_no_image_under_0_10() -> None:
    old = [service(name, **{name: {"runtimeVersion": "1"}}) for name in ("sklearn", "onnx", "pmml")]
    made = checked(*old, release="0.9.0", target="0.10.2")
    (found,) = [one for one in made.findings if one.code == "KM414"]
    assert "no image at all" in found.text
    assert [ref.name for ref in found.objects] == ["onnx", "pmml", "sklearn"]


def test_what_is_suppressed_is_left_out() -> None:
    two = (IRIS, service("wine", model=SKLEARN))
    assert "KM406" not in codes(checked(*two, suppress=("KM406",)))
    kept = checked(*two, suppress=("KM406=team/iris",))
    (found,) = [one for one in kept.findings if one.code == "KM406"]
    assert [ref.name for ref in found.objects] == ["wine"]
    with pytest.raises(UsageError, match="KM999"):
        checked(IRIS, suppress=("KM999",))


def test_a_target_that_is_not_known_is_refused() -> None:
    with pytest.raises(UsageError, match=r"0\.6\.0"):
        checked(IRIS, target="0.6.0")


def test_a_runtime_that_a_service_cannot_use_for_now_is_not_called_unused() -> None:
    untold = runtime("kserve-sklearnserver", container={"args": ["{{range .Finalizers}}{{end}}"]})
    assert "KM407" not in codes(checked(IRIS, untold))


def test_what_waits_for_a_service_that_is_not_updated_is_told() -> None:
    manifest = {
        "metadata": {
            "name": "iris",
            "namespace": "team",
            "annotations": {"serving.kserve.io/disable-auto-update": "true"},
        },
        "spec": {"predictor": {"model": SKLEARN}},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }
    of = msgspec.convert(manifest, InferenceService)
    nameless = runtime("kserve-sklearnserver", container=NAMELESS)
    assert {"KM401", "KM409"} <= codes(checked(of, nameless, release="0.16.0"))
