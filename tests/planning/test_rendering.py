"""A plan as files: which there are, what is in them, and what is told of them."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from migrate.errors import BlockedError
from migrate.objects import Manifest, ObjectRef, ref_of
from migrate.operations.fieldmanagers import Writer
from migrate.operations.model import Edit, Operation, Patch
from migrate.planning.change.rendering import Rendering, refusals, render
from migrate.planning.world.snapshot import Snapshot
from tests.planning.clusters import IRIS, snapshot
from tests.planning.clusters import plan as planned
from tests.planning.owned import LAST_APPLIED, entry, tracked
from tests.planning.runtimes import MLSERVER, OTHER, RUNTIME, SKLEARN, STOCK, model, plan, world

CONFIG = "configmap.inferenceservice-config.yaml"
OF_RUNTIME = "clusterservingruntime.kserve-sklearnserver.yaml"
OF_IRIS = "services/team/inferenceservice.iris.yaml"
ALL: Any = {"f:spec": {"f:containers": {}}}
SET = f"sklearn={OTHER}"


def with_meta(**meta: Any) -> Snapshot:
    """A cluster whose runtime has that in its metadata."""
    return with_runtime({**SKLEARN, "metadata": {"name": RUNTIME.name, **meta}})


def with_runtime(manifest: Manifest) -> Snapshot:
    return replace(world(model("iris")), originals={RUNTIME: manifest, ref_of(MLSERVER): MLSERVER})


def of_runtime(found: Snapshot, *sets: str, **options: Any) -> Rendering:
    return render(plan(found, *(sets or (SET,)), **options), found)


def of_predictors(found: Snapshot | None = None, repin: bool = False) -> Rendering:
    found = found or snapshot(IRIS)
    return render(planned(found, "sklearn=x/y:v9", repin=repin, accept=("KM201",)), found)


def edited(found: Snapshot, ref: ObjectRef, *edits: Edit) -> Rendering:
    """What a plan renders that makes these edits of one object."""
    like = plan(world(model("iris")), SET)
    operations = (Operation(ref, Patch(edits), "why"),)
    return render(msgspec.structs.replace(like, operations=operations), found)


def image_in(document: Any) -> str:
    [container] = document["spec"]["containers"]
    return str(container["image"])


def test_the_manifest_of_a_runtime_is_whole_and_clean() -> None:
    annotations = {LAST_APPLIED: "{}", "serving.kserve.io/server-type": "sklearn"}
    files = of_runtime(with_meta(uid="u", resourceVersion="7", annotations=annotations)).files
    found = files[f"manifests/{OF_RUNTIME}"]
    meta = {
        "name": "kserve-sklearnserver",
        "annotations": {"serving.kserve.io/server-type": "sklearn"},
    }
    assert found["metadata"] == meta
    assert image_in(found) == OTHER
    assert {**found["spec"], "containers": ...} == {**SKLEARN["spec"], "containers": ...}
    back = files[f"rollback/manifests/{OF_RUNTIME}"]
    assert back == {**SKLEARN, "metadata": meta}


def test_the_files_of_a_runtime() -> None:
    files = of_runtime(world(model("iris"))).files
    forms = [f"manifests/{OF_RUNTIME}", f"patches/{OF_RUNTIME}", "patches/kustomization.yaml"]
    assert set(files) == {
        *(f"{prefix}{name}" for prefix in ("", "rollback/") for name in forms),
        "helm/values.yaml",
        "rollback/helm/values.yaml",
    }
    replaced = [files[f"{prefix}patches/{OF_RUNTIME}"][1] for prefix in ("", "rollback/")]
    assert [(op["op"], op["value"]) for op in replaced] == [("replace", OTHER), ("replace", STOCK)]
    key = {"sklearnserver": {"image": "registry.example.com/ml/sklearn", "tag": "v1"}}
    assert files["helm/values.yaml"] == {"kserve": {"servingruntime": key}}
    assert "kserve/sklearnserver" in str(files["rollback/helm/values.yaml"])


def test_of_the_config_map_there_are_the_predictors_alone() -> None:
    found = snapshot(IRIS)
    files = of_predictors(found).files
    manifest = files[f"manifests/{CONFIG}"]
    assert list(manifest["data"]) == ["predictors"]
    assert '"x/y"' in manifest["data"]["predictors"]
    assert files[f"patches/{CONFIG}"] == manifest
    back = files[f"rollback/manifests/{CONFIG}"]
    assert back == files[f"rollback/patches/{CONFIG}"]
    assert back["data"]["predictors"] == found.config["data"]["predictors"]
    assert not any("helm" in name for name in files)


def test_of_a_pinned_service_there_is_the_pin_alone() -> None:
    files = of_predictors(repin=True).files
    head = {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService"}
    meta = {"name": "iris", "namespace": "team"}
    for prefix, pin in (("", "v9"), ("rollback/", "v0.7.0")):
        wanted = {
            **head,
            "metadata": meta,
            "spec": {"predictor": {"sklearn": {"runtimeVersion": pin}}},
        }
        assert files[f"{prefix}manifests/{OF_IRIS}"] == wanted
        assert files[f"{prefix}patches/{OF_IRIS}"] == wanted


PIN, URI = "/spec/predictor/sklearn/runtimeVersion", "/spec/predictor/sklearn/storageUri"


def fields(document: Any) -> Any:
    return document.get("spec", {}).get("predictor", {}).get("sklearn")


def test_a_field_that_was_not_there_is_null_in_the_patch_of_the_way_back() -> None:
    files = edited(snapshot(IRIS), IRIS.ref, Edit(PIN, after="v9")).files
    for form in ("manifests", "patches"):
        assert fields(files[f"{form}/{OF_IRIS}"]) == {"runtimeVersion": "v9"}
    assert fields(files[f"rollback/manifests/{OF_IRIS}"]) is None
    assert fields(files[f"rollback/patches/{OF_IRIS}"]) == {"runtimeVersion": None}


def test_a_field_that_goes_is_null_in_a_patch() -> None:
    edits = (Edit(PIN, "v0.7.0"), Edit(URI, "gs://a", "gs://b"))
    files = edited(snapshot(IRIS), IRIS.ref, *edits).files
    assert fields(files[f"manifests/{OF_IRIS}"]) == {"storageUri": "gs://b"}
    assert fields(files[f"patches/{OF_IRIS}"]) == {"runtimeVersion": None, "storageUri": "gs://b"}
    for form in ("manifests", "patches"):
        former = {"runtimeVersion": "v0.7.0", "storageUri": "gs://a"}
        assert fields(files[f"rollback/{form}/{OF_IRIS}"]) == former


def test_services_have_a_component_for_each_namespace() -> None:
    files = of_predictors(repin=True).files
    assert files["patches/services/team/kustomization.yaml"]["patches"] == [
        {"path": "inferenceservice.iris.yaml"}
    ]
    assert files["patches/kustomization.yaml"]["patches"] == [{"path": CONFIG}]


def test_whatever_is_edited_is_rendered() -> None:
    at, env = "/spec/containers/name=kserve-container", [{"name": "A", "value": "1"}]
    args = ["--model_name={{.Name}}", "--workers=2"]
    found = edited(
        world(model("iris")),
        RUNTIME,
        Edit(f"{at}/env", after=env),
        Edit(f"{at}/args", SKLEARN["spec"]["containers"][0]["args"], args),
    )
    [container] = found.files[f"manifests/{OF_RUNTIME}"]["spec"]["containers"]
    assert (container["env"], container["args"]) == (env, args)
    assert found.files[f"rollback/manifests/{OF_RUNTIME}"] == SKLEARN
    assert [op["op"] for op in found.files[f"patches/{OF_RUNTIME}"]] == ["test", "add", "replace"]
    back = found.files[f"rollback/patches/{OF_RUNTIME}"]
    assert [op["path"][-4:] for op in back if op["op"] != "test"] == ["args"]
    assert not found.values.values
    assert len(found.values.left) == 2


def test_a_patch_with_nothing_to_say_is_no_file() -> None:
    at = "/spec/containers/name=kserve-container/env"
    env = Edit(at, after=[{"name": "A", "value": "1"}])
    files = edited(world(model("iris")), RUNTIME, env).files
    assert "patches/kustomization.yaml" in files
    assert not any(name.startswith("rollback/patches") for name in files)


@pytest.mark.parametrize(
    ("managers", "told"),
    [
        ([entry("kubectl", "Apply", ALL)], ()),
        ([entry("kubectl-client-side-apply", "Update", ALL)], ()),
        ([entry("helm", "Update", ALL)], ("helm",)),
        ([entry("kubectl", "Apply", ALL), entry("kubectl-edit", "Update", ALL)], ("kubectl-edit",)),
        ([entry("kubectl", "Update", ALL)], ("kubectl",)),
        ([entry("helm", "Apply", {"f:spec": {"f:disabled": {}}})], ()),
        ([], None),
    ],
)
def test_whose_fields_a_server_side_apply_takes(
    managers: list[Any], told: tuple[str, ...] | None
) -> None:
    [item] = of_runtime(with_meta(managedFields=managers)).items
    others = item.others
    assert (None if others is None else tuple(each.manager for each in others)) == told


def test_one_field_of_a_container_is_a_part_of_what_is_applied_as_one() -> None:
    image: Any = {'k:{"name":"kserve-container"}': {"f:image": {}}}
    managers = [entry("me", "Update", {"f:spec": {"f:containers": image}})]
    [item] = of_runtime(with_meta(managedFields=managers)).items
    assert item.others == (Writer("me", "Update", "2026-08-20T15:58:20Z"),)


def test_what_is_added_to_a_container_takes_what_is_applied_as_one() -> None:
    found = with_meta(managedFields=[entry("helm", "Apply", ALL)])
    env = Edit("/spec/containers/name=kserve-container/env", after=[{"name": "A", "value": "1"}])
    [item] = edited(found, RUNTIME, env).items
    assert [writer.manager for writer in item.others or ()] == ["helm"]


def test_what_looks_like_a_credential_is_named_and_not_quoted() -> None:
    manifest = copy.deepcopy(SKLEARN)
    manifest["spec"]["containers"][0] |= {
        "env": [{"name": "AWS_SECRET_ACCESS_KEY", "value": "hunter2hunter2"}],
        "args": ["--api-key=hunter2hunter2"],
    }
    [item] = of_runtime(with_runtime(manifest)).items
    assert item.secrets == ("AWS_SECRET_ACCESS_KEY", "--api-key")
    worker = {"name": "worker-container", "env": [{"name": "API_TOKEN", "value": "hunter2hunter2"}]}
    manifest["spec"] |= {"containers": SKLEARN["spec"]["containers"]}
    manifest["spec"]["workerSpec"] = {"containers": [worker]}
    assert of_runtime(with_runtime(manifest)).items[0].secrets == ("API_TOKEN",)
    [clean] = of_runtime(world(model("iris"))).items
    assert clean.secrets == ()


def test_owners_do_not_forbid_and_others_do() -> None:
    place = f"serving.kserve.io/ClusterServingRuntime:x/{RUNTIME.name}"
    found = with_meta(**tracked(place))
    made = plan(found, SET)
    assert [finding.code for finding in made.blocking] == ["KM106"]
    assert refusals(made) == []
    made = plan(found, SET, max_restarts=0)
    assert [finding.code for finding in refusals(made)] == ["KM212"]


@pytest.mark.parametrize("name", ["../../x", "a/b", "..", "A", "a\nb"])
def test_a_name_that_leads_out_of_the_folder_is_refused(name: str) -> None:
    ref = ObjectRef(RUNTIME.api_version, RUNTIME.kind, name)
    with pytest.raises(BlockedError, match="expected a name"):
        edited(world(model("iris")), ref, Edit("/spec/disabled", after=True))
