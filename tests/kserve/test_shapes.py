"""Services and their shapes: put together again as they were, and told apart by what decides."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from migrate.kserve.marks import NAME, can_be_equal
from migrate.kserve.resolutions import is_plain
from migrate.kserve.runtimes import Runtime
from migrate.kserve.services import InferenceService
from migrate.kserve.shapes import Services
from migrate.objects import ObjectRef

MODEL = {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://models/iris"}


def service(name: str, namespace: str = "team", **model: Any) -> InferenceService:
    spec = {"predictor": {"model": {**MODEL, **model}}}
    return msgspec.convert(
        {"metadata": {"name": name, "namespace": namespace, "uid": f"of-{name}"}, "spec": spec},
        InferenceService,
    )


def shapes(*services: InferenceService) -> int:
    return len(list(Services(services).shapes))


def test_each_comes_back_as_it_was_read() -> None:
    read = [service("a"), service("b", storageUri="gs://other"), service("c", runtime="x")]
    assert list(Services(read).values()) == read


def test_names_and_places_of_models_make_no_shape() -> None:
    assert shapes(service("a"), service("b", "other", storageUri="s3://x/y.z")) == 1


@pytest.mark.parametrize(
    "model",
    [
        {"storageUri": "gs://models/iris"},
        {"storageUri": None},
        {"storageUri": "https://a.blob.core.windows.net/b"},
        {"runtimeVersion": "v1"},
        {"env": [{"name": "A", "value": "b"}]},
        {"resources": {"limits": {"nvidia.com/gpu": "1"}}},
        {"args": ["{{.Name}}"]},
    ],
    ids=str,
)
def test_what_may_decide_makes_a_shape(model: dict[str, Any]) -> None:
    assert shapes(service("a"), service("b", **model)) == 2


@pytest.mark.parametrize("name", ["iris-predictor", "Iris", "a_b", "-", "a+b"])
def test_a_name_that_may_decide_makes_a_shape(name: str) -> None:
    assert shapes(service("a"), service(name)) == 2


def test_of_two_with_one_name_the_later_counts() -> None:
    later = service("a", runtime="x")
    assert list(Services([service("a"), later]).values()) == [later]


def test_a_change_leaves_the_former_as_they_were() -> None:
    former = Services([service("a"), service("b")])
    changed = former.changed([service("b", runtime="x")])
    assert (list(changed), len(former)) == (list(former), 2)
    assert [s.spec.predictor.model and s.spec.predictor.model.runtime for s in former.values()] == [
        None,
        None,
    ]
    assert changed[service("b").ref] == service("b", runtime="x")


@pytest.mark.parametrize("text", [NAME, NAME.replace("0", "99")])
def test_what_reads_like_a_mark_is_nobody_elses(text: str) -> None:
    read = [service("a", args=[text]), service("b", args=[text]), service(text)]
    services = Services(read)
    assert list(services.values()) == read
    assert len(list(services.shapes)) == len(read)
    assert not is_plain(runtime(args=[text]))


def test_who_is_not_there_is_not_found() -> None:
    absent = ObjectRef("serving.kserve.io/v1beta1", "InferenceService", "a", "team")
    with pytest.raises(KeyError):
        Services()[absent]


def runtime(**container: Any) -> Runtime:
    spec = {"containers": [{"name": "kserve-container", **container}]}
    return msgspec.convert({"metadata": {"name": "r"}, "spec": spec}, Runtime)


@pytest.mark.parametrize(
    "container",
    [
        {"image": "x:1"},
        {"args": ["--model_name={{.Name}}", "--class={{ .Labels.modelClass }}"]},
        {"command": ["serve", "{{.Namespace}}"], "env": [{"name": "A", "value": "{{.Name}}"}]},
    ],
    ids=str,
)
def test_names_in_arguments_decide_nothing(container: dict[str, Any]) -> None:
    assert is_plain(runtime(**container))


@pytest.mark.parametrize(
    "container",
    [
        {"image": "x:{{.Name}}"},
        {"name": "{{.Name}}"},
        {"env": [{"name": "{{.Name}}", "value": "a"}]},
        {"args": ["{{.Labels.app}}"]},
        {"args": ["{{.Name | html}}"]},
        {"args": ["{{.UID}}"]},
        {"args": ["{{{.Name}}"]},
        {"args": ["{{.Name}}", "{{"]},
        {"resources": {"limits": {"cpu": "{{.Name}}"}}},
    ],
    ids=str,
)
def test_other_placeholders_may_decide_anything(container: dict[str, Any]) -> None:
    assert not is_plain(runtime(**container))


@pytest.mark.parametrize(
    ("one", "other", "can"),
    [
        ({"a": [NAME]}, {"a": ["iris"]}, True),
        ({"a": [NAME]}, {"b": [NAME]}, False),
        ([NAME, "x"], [NAME, "y"], False),
        ([NAME], [NAME, NAME], False),
        (f"--a={NAME}", "--a=iris", True),
        (f"--a={NAME}", "--b=iris", False),
        (f"--a={NAME}/x", "--a=iris/y", False),
        (f"--a={NAME}/x", f"--a={NAME}/y", False),
        (f"{NAME}-{NAME}", f"a-{NAME}", True),
        ((1, None), (1, None), True),
        (1, "1", False),
    ],
)
def test_what_marks_stand_for_may_be_equal(one: object, other: object, can: bool) -> None:
    assert can_be_equal(one, other) is can
