"""The runtime of a model and its image: ``reconcileModel`` in ``components/predictor.go``."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from migrate.kserve.config import Config
from migrate.kserve.predictors import PredictorsError, decode
from migrate.kserve.resolution import Resolution, Verdict
from migrate.kserve.resolver import resolve
from migrate.kserve.runtimes import Runtime, Runtimes
from tests.kserve.release import GPU, rules, runtime, service

BROKEN, CANNOT_TELL = Verdict.BROKEN, Verdict.CANNOT_TELL
FORMAT = {"modelFormat": {"name": "sklearn"}}
TYPE = "serving.kserve.io/server-type"


def told(
    release: str,
    model: dict[str, Any],
    *runtimes: Runtime,
    predictors: PredictorsError | None = None,
) -> Resolution:
    known = rules(release)
    seen = predictors or decode("{}", known)
    of = service({"model": {**FORMAT, **model}})
    return resolve(of, Config(known, seen, Runtimes(runtimes)))


def one(name: str = "ours", namespace: str = "", image: str = "x:1", **spec: Any) -> Runtime:
    return runtime("sklearn", image, name, namespace, **spec)


def test_the_runtime_that_is_selected_gives_the_image() -> None:
    ours = one()
    found = told("0.20", {}, ours)
    assert (found.image, found.verdict, found.runtime) == ("x:1", Verdict.RESOLVED, ours)
    assert found.rules == ("auto-selected: the only one of the cluster that fits",)
    assert (found.reason, found.server) == ("ClusterServingRuntime ours", "")


def test_the_one_that_is_named_need_not_be_selectable() -> None:
    off = one(supportedModelFormats=[{"name": "sklearn"}])
    for place, where in (("", "cluster"), ("n", "namespace")):
        named = one(namespace=place, supportedModelFormats=[{"name": "sklearn"}])
        found = told("0.20", {"runtime": "ours"}, named)
        assert (found.image, found.rules) == ("x:1", (f"named: found in the {where}",))
    assert told("0.20", {}, off).verdict is BROKEN


REFUSED = [
    ({}, [], "no-runtime", "no runtime serves 'sklearn' as asked"),
    (
        {"modelFormat": {"name": "sklearn", "version": "2"}},
        [one()],
        "no-runtime",
        "no runtime serves 'sklearn 2' as asked",
    ),
    ({"runtime": "none"}, [one()], "named: missing", "names the runtime 'none'"),
    ({"runtime": "ours"}, [one(disabled=True)], "named: unfit", "is disabled"),
]


@pytest.mark.parametrize(("model", "runtimes", "rule", "reason"), REFUSED)
def test_without_a_runtime_there_is_no_image(
    model: dict[str, Any], runtimes: list[Runtime], rule: str, reason: str
) -> None:
    found = told("0.20", model, *runtimes)
    assert (found.image, found.verdict, found.rules) == (None, BROKEN, (rule,))
    assert reason in found.reason


def test_where_no_order_is_kept_nobody_can_tell() -> None:
    found = told("0.8", {}, one("a"), one("b"))
    assert (found.image, found.verdict, found.rules) == (None, CANNOT_TELL, ("no-order",))
    assert "KServe 0.8 may choose a or b" in found.reason
    assert found.runtime == one("a")


@pytest.mark.parametrize(
    ("image", "model", "verdict", "reason"),
    [
        ("", {}, BROKEN, "has no image, nor has the service"),
        ("a b", {}, BROKEN, "'a b' is no image"),
        ("x:1", {"image": "own:1"}, Verdict.EXPLICIT, "the image of its model field"),
        ("x:1", {"runtimeVersion": "2"}, Verdict.RESOLVED, "runtimeVersion of the service"),
        ("x:1", {}, Verdict.RESOLVED, "ClusterServingRuntime ours"),
    ],
)
def test_the_verdict_says_where_the_image_is_from(
    image: str, model: dict[str, Any], verdict: Verdict, reason: str
) -> None:
    found = told("0.20", model, one(image=image))
    assert found.verdict is verdict
    assert reason in found.reason
    version = model.get("runtimeVersion")
    assert found.image == (model.get("image") or (f"x:{version}" if version else image))


def test_the_rule_of_a_tag_is_told() -> None:
    stock = one("kserve-torchserve", supportedModelFormats=[{"name": "sklearn"}])
    found = told("0.20", {"runtime": "kserve-torchserve", "resources": GPU}, stock)
    assert found.image == "x:1-gpu"
    assert found.reason == "ClusterServingRuntime kserve-torchserve, gpu-suffix"
    assert found.server == "torchserve"
    assert found.rules[1:] == ("image: gpu-suffix", "server: torchserve")


@pytest.mark.parametrize("release", ["0.15", "0.16"])
def test_the_status_names_the_runtime_from_0_16_on(release: str) -> None:
    """By a second look: that of the namespace first, whichever was chosen."""
    unfit, fit = one("same", "n", supportedModelFormats=[]), one("same")
    found = told(release, {}, unfit, fit)
    assert found.runtime == fit
    assert found.reported == (unfit if release == "0.16" else None)


@pytest.mark.parametrize("release", ["0.16", "0.17"])
def test_the_annotation_is_that_of_the_second_look(release: str) -> None:
    unfit, fit = one("same", "n", supportedModelFormats=[]), one("same")
    meta = msgspec.structs.replace(unfit.metadata, annotations={TYPE: "mlserver"})
    typed = msgspec.structs.replace(unfit, metadata=meta)
    assert told(release, {}, unfit, fit).server == ""
    assert told(release, {}, typed, fit).server == ("mlserver" if release == "0.17" else "")


@pytest.mark.parametrize(
    ("release", "protocol", "fits"),
    [("0.16", None, True), ("0.17", None, True), ("0.16", "v1", False), ("0.17", "v1", False)],
)
def test_a_named_runtime_is_judged_by_the_protocol(
    release: str, protocol: str | None, fits: bool
) -> None:
    mlserver = one("kserve-mlserver", protocolVersions=["v2"])
    found = told(release, {"runtime": "kserve-mlserver", "protocolVersion": protocol}, mlserver)
    assert (found.image is not None) is fits


@pytest.mark.parametrize("release", ["0.16", "0.17"])
def test_up_to_0_16_the_protocol_of_the_server_is_judged_too(release: str) -> None:
    """From 0.17 on a named runtime is judged before its server's defaults are set."""
    mlserver = one("kserve-mlserver", protocolVersions=["v1"])
    found = told(release, {"runtime": "kserve-mlserver"}, mlserver)
    assert (found.verdict is BROKEN) is (release == "0.16")


@pytest.mark.parametrize(
    ("spec", "rule", "verdict"),
    [
        ({"containers": []}, "the container cannot be made", BROKEN),
        ({"containers": [{"name": "other"}]}, "the container cannot be made", BROKEN),
        (
            {"containers": [{"name": "kserve-container", "args": ["{{.Nonsense}}"]}]},
            "the container cannot be made",
            BROKEN,
        ),
        (
            {"containers": [{"name": "kserve-container", "args": ["{{len .Name}}"]}]},
            "only Go can tell",
            CANNOT_TELL,
        ),
    ],
)
def test_a_container_that_cannot_be_made(spec: dict[str, Any], rule: str, verdict: Verdict) -> None:
    found = told("0.20", {}, one(**spec))
    assert (found.image, found.verdict, found.rules[-1]) == (None, verdict, rule)
    assert found.reason
    assert found.runtime == one(**spec)


def test_predictors_that_cannot_be_decoded_matter_where_they_tag() -> None:
    with pytest.raises(PredictorsError) as error:
        decode('{"tensorflow": {"image": "a", "IMAGE": "b"}}', rules("0.9"))
    wrong = error.value
    found = told("0.9", {"resources": GPU}, one(), predictors=wrong)
    assert (found.image, found.verdict) == (None, CANNOT_TELL)
    assert found.reason == wrong.message
    assert told("0.9", {}, one(), predictors=wrong).image == "x:1"
    assert (
        told("0.9", {"resources": GPU, "runtimeVersion": "2"}, one(), predictors=wrong).image
        == "x:2"
    )
    assert told("0.10", {"resources": GPU}, one(), predictors=wrong).image == "x:1"
