"""Services of 0.7 under 0.9, converted: on runtimes of their namespaces, with the same images.

Bare Knative CRDs: a Knative Service whose generation stays got no new Revision, whatever was
written in between.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from migrate.cluster.kube import connect
from migrate.commands.reading import read_snapshot
from migrate.execute.wake import wake
from migrate.kserve.conversion import converted, unlike
from migrate.objects import Manifest, ObjectRef
from tests.conftest import StartKServe
from tests.real.cli import kmigrate
from tests.real.world import CONFIG
from tests.testbed.kserve import SERVING, KServe
from tests.testbed.samples import framework_service
from tests.testbed.waiting import wait_until

REGISTRY = "registry.example.com:5000/ml"
KNATIVE = "serving.knative.dev/v1"
RUNTIMES = "serving.kserve.io/v1alpha1"
Services = dict[str, tuple[str, dict[str, Any]]]
GPU = {"limits": {"nvidia.com/gpu": "1"}}
STAY: Services = {
    "team-a/iris": ("sklearn", {}),
    "team-b/iris": ("sklearn", {"env": [{"name": "A", "value": "b"}], "args": ["--x=1"]}),
    "team-b/old": ("sklearn", {"runtimeVersion": "v0.6.1"}),
}
"""Who depends on an override and has the same pods once it is converted."""
ROLL: Services = {
    "team-a/two": ("sklearn", {"protocolVersion": "v2"}),
    "team-c/flow": ("tensorflow", {"runtimeVersion": "1.14.0-gpu", "resources": GPU}),
}
"""Who does so, and gets others: MLServer's variables in another order, a timeout less."""
OTHERS: Services = {
    "team-a/prices": ("xgboost", {}),
    "team-c/trees": ("lightgbm", {}),
    "team-c/bars": ("paddle", {}),
    "team-c/rows": ("pmml", {}),
}
"""Who depends on what the release ships."""


@dataclass(frozen=True)
class Field:
    """A cluster with services, named NAMESPACE/NAME."""

    kserve: KServe

    def predictors(self) -> str:
        """The text of `predictors`."""
        found = self.kserve.api.get_same(CONFIG)
        assert found is not None
        return str(found["data"]["predictors"])

    def write(self, predictors: str) -> None:
        """Set `predictors`."""
        self.kserve.api.patch(CONFIG, {"data": {"predictors": predictors}})

    def knative(self) -> dict[str, Manifest]:
        """The Knative Services of the predictors, by the service's place."""
        found = self.kserve.api.list(KNATIVE, "Service")
        return {
            f"{m['metadata']['namespace']}/{m['metadata']['name'].partition('-')[0]}": m
            for m in found
        }

    def images(self) -> dict[str, str]:
        """The image of each predictor."""
        return {
            name: found["spec"]["template"]["spec"]["containers"][0]["image"]
            for name, found in self.knative().items()
        }

    def generations(self) -> dict[str, int]:
        """How often the spec of each Knative Service was written."""
        return {name: found["metadata"]["generation"] for name, found in self.knative().items()}

    def forms(self) -> dict[str, str]:
        """The field of each predictor that says what to run."""
        found = self.kserve.api.list(SERVING, "InferenceService")
        return {_name(each): next(iter(each["spec"]["predictor"])) for each in found}

    def copies(self) -> set[str]:
        """The runtimes of namespaces."""
        return {_name(each) for each in self.kserve.api.list(RUNTIMES, "ServingRuntime")}

    def reconcile(self, *names: str) -> None:
        """Have KServe look at these services."""
        cluster = connect(str(self.kserve.admin))
        for name in names:
            wake(cluster, _ref(name))
        cluster.close()


def _name(found: Manifest) -> str:
    return f"{found['metadata']['namespace']}/{found['metadata']['name']}"


def _ref(name: str) -> ObjectRef:
    namespace, _, own = name.partition("/")
    return ObjectRef(SERVING, "InferenceService", own, namespace)


def _field(kserve: KServe, services: Services) -> Field:
    for namespace in sorted({name.partition("/")[0] for name in services}):
        kserve.api.create(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        )
    for name, (framework, more) in services.items():
        namespace, _, own = name.partition("/")
        service = framework_service(own, namespace, framework)
        service["spec"]["predictor"][framework].update(more)
        kserve.api.create(service)
    for name in services:
        namespace, _, own = name.partition("/")
        kserve.wait_knative_service(namespace, own)
    return Field(kserve)


def _override(field: Field) -> str:
    """Set three repositories, have those services follow; return the former text."""
    former = field.predictors()
    document = json.loads(former)
    document["sklearn"]["v1"]["image"] = f"{REGISTRY}/sklearnserver"
    document["sklearn"]["v2"]["image"] = f"{REGISTRY}/mlserver"
    document["tensorflow"]["image"] = f"{REGISTRY}/serving"
    field.write(json.dumps(document))
    users = [*STAY, *ROLL]

    def follows() -> bool:
        field.reconcile(*users)
        images = field.images()
        return all(images[name].startswith(REGISTRY) for name in users)

    wait_until(follows, 60, "the images of predictors")
    return former


@pytest.fixture
def field(start_kserve: StartKServe) -> Field:
    kserve = start_kserve("0.7.0")
    made = _field(kserve, {**STAY, **ROLL, **OTHERS})
    kserve.upgrade("0.9.0")
    return made


def test_overrides_move_into_runtimes_and_every_image_stays(field: Field) -> None:
    former = _override(field)
    images, generations = field.images(), field.generations()
    _without_the_flag_it_is_named(field)
    plan = _planned(field)
    assert (field.images(), field.generations()) == (images, generations)
    assert {name for name, row in plan.items() if row["restarts"]} == set(ROLL)

    done = kmigrate(field.kserve.admin, "apply", "--to-runtimes", "--convert", "--yes")
    assert "! convert InferenceService team-a/iris" in done.stderr
    assert field.images() == images
    assert {n for n, times in field.generations().items() if times != generations[n]} == set(ROLL)
    forms = field.forms()
    assert {name for name, form in forms.items() if form == "model"} == {*STAY, *ROLL}
    assert field.copies() == {
        "team-a/kserve-sklearnserver",
        "team-a/kserve-mlserver",
        "team-b/kserve-sklearnserver",
        "team-c/kserve-tensorflow-serving",
    }
    generations = field.generations()
    _again_there_is_nothing_to_do(field)
    _the_global_setting_goes_back_and_nobody_notices(field, former, images, generations)

    done = kmigrate(field.kserve.admin, "rollback", "--yes")
    assert "they stay in the model form" in " ".join(done.stderr.split())
    assert (field.images(), field.generations()) == (images, generations)
    assert len(field.copies()) == 4
    assert field.forms() == forms
    assert "rolled back in part" in kmigrate(field.kserve.admin, "status").stdout


def _without_the_flag_it_is_named(field: Field) -> None:
    done = kmigrate(field.kserve.admin, "plan", "--to-runtimes")
    assert "KM234" in done.stdout + done.stderr
    assert "--convert" in done.stdout + done.stderr


def _planned(field: Field) -> dict[str, Any]:
    """Plan, and see that the server was asked, and said nothing else."""
    done = kmigrate(field.kserve.admin, "plan", "--to-runtimes", "--convert", "-o", "json")
    plan = json.loads(done.stdout)["plan"]
    assert not {"KM243", "KM244"} & {found["code"] for found in plan["findings"]}
    return {f"{r['service']['namespace']}/{r['service']['name']}": r for r in plan["forecast"]}


def _again_there_is_nothing_to_do(field: Field) -> None:
    done = kmigrate(field.kserve.admin, "apply", "--to-runtimes", "--convert", "--yes")
    assert "nothing to change" in done.stdout + done.stderr


def _the_global_setting_goes_back_and_nobody_notices(
    field: Field, former: str, images: dict[str, str], generations: dict[str, int]
) -> None:
    field.write(former)
    controller = field.kserve.manager_pid
    kmigrate(field.kserve.admin, "plan")
    field.reconcile(*images)
    assert field.kserve.manager_pid == controller
    namespace = field.kserve.create_namespace("later")
    field.kserve.api.create(framework_service("last", namespace, "sklearn"))
    field.kserve.wait_knative_service(namespace, "last")
    now = {name: image for name, image in field.images().items() if name in images}
    assert now == images
    assert {n: t for n, t in field.generations().items() if n in images} == generations
    field.kserve.api.delete(framework_service("last", namespace, "sklearn"))
    wait_until(lambda: len(field.knative()) == len(images), 60, "the last service to go")


@pytest.mark.parametrize("release", ["0.8.0", "0.9.0"])
def test_the_webhook_does_what_is_predicted(start_kserve: StartKServe, release: str) -> None:
    """A merge patch without fields converts; the dry run of it says how, and stores nothing."""
    kserve = start_kserve("0.7.0")
    one_each = {f"team-a/{fw}": (fw, more) for fw, more in KINDS.items()}
    _field(kserve, one_each)
    kserve.upgrade(release)
    cluster = connect(str(kserve.admin))
    snapshot = read_snapshot(cluster, "kserve", "")
    assert snapshot.rules is not None
    config = snapshot.config_of(snapshot.config["data"], snapshot.rules)
    for name in one_each:
        live = cluster.get(_ref(name))
        answer = cluster.would_patch(_ref(name), {})
        assert answer is not None
        assert unlike(converted(live, config), answer) == [], name
        assert cluster.get(_ref(name))["spec"] == live["spec"]
        cluster.patch(_ref(name), {})
        stored = cluster.get(_ref(name))
        assert unlike(answer, stored) == []
        assert "model" in stored["spec"]["predictor"]
    cluster.close()


KINDS: dict[str, dict[str, Any]] = {
    "sklearn": {"protocolVersion": "v2", "env": [{"name": "A", "value": "b"}]},
    "xgboost": {"args": ["--x=1"]},
    "tensorflow": {"runtimeVersion": "1.14.0-gpu", "resources": GPU},
    "pytorch": {},
    "triton": {},
    "onnx": {},
    "pmml": {},
    "lightgbm": {},
    "paddle": {},
}
