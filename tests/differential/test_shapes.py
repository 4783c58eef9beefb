"""Services resolved by shape get what each gets by itself: on all recorded clusters, and twins."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import msgspec
import pytest

from migrate.kserve.config import Config
from migrate.kserve.resolutions import Resolutions
from migrate.kserve.resolver import resolve
from migrate.kserve.services import InferenceService
from migrate.kserve.shapes import Services
from migrate.kserve.workloads import workload_named, workload_of
from tests.differential.prediction import Case, service_of
from tests.differential.record import load
from tests.differential.test_verdicts import RELEASES

Json = Any
STATUSES: tuple[dict[str, Any], ...] = (
    *({}, {}, {"deploymentMode": "RawDeployment"}, {"deploymentMode": "Serverless"}),
    {"conditions": [{"type": "Ready", "status": "True"}]},
)
KSERVES = ("modelClass", "serviceEnvelope")
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
NAMES = ("iris", "true", "v1-gpu", "a", "0", "kserve-container", "x-predictor", "under_score", "A")
NAMESPACES = ("iris", "team-b", "", "Team")
URIS = (
    *("s3://models/iris.onnx", "gs://m", "pvc://claim/a.b", "https://a.blob.core.windows.net/b"),
    *("hf://org/model", "oci+native://x/y", "oci://x/y", "nfs://x/y", "/mnt/models/iris"),
    *(
        "",
        "s3://",
        "s3://a://b",
        "+://x://b",
        "https://blob.core.windows.net/b",
        "hdfs://a",
        "-://s3://a",
    ),
)


def cases(release: str) -> Iterator[tuple[Case, list[Json]]]:
    """Yield each recorded cluster with its services as they were posted and as they are stored."""
    for cluster, verdict in load(release):
        if "crashed" in verdict:
            continue
        case = Case(cluster, verdict)
        every = [(posted, one["stored"]) for _, posted, one in case.services()]
        yield case, [manifest for pair in every for manifest in pair if manifest is not None]


def services_of(manifests: list[Json]) -> list[InferenceService]:
    """Return them as records, each under a name of its own."""
    made = []
    for number, manifest in enumerate(manifests):
        copy = json.loads(json.dumps(manifest))
        copy["metadata"]["name"] = f"{copy['metadata']['name']}-{number}"
        made.append(service_of(copy))
    return made


def renamed(service: InferenceService, name: str) -> InferenceService:
    meta = msgspec.structs.replace(service.metadata, name=name)
    return msgspec.structs.replace(service, metadata=meta)


def same_shape(service: InferenceService) -> InferenceService:
    """Return the service as somebody else would have it who wants just the same."""
    meta = service.metadata
    labels = {k: v if k in KSERVES else f"{v}-too" for k, v in (meta.labels or {}).items()}
    changes = {"name": f"x{meta.name}", "namespace": f"x{meta.namespace}", "uid": f"x{meta.uid}"}
    meta = msgspec.structs.replace(meta, **changes, labels=labels or meta.labels)
    return msgspec.structs.replace(service, metadata=meta)


def twin(manifest: Json, dice: Random) -> InferenceService:
    """Return the service with other values in the place of all that may be its own."""
    copy = json.loads(json.dumps(manifest))
    meta, predictor = copy["metadata"], copy["spec"]["predictor"]
    meta |= {"name": dice.choice(NAMES), "uid": f"u{dice.random()}", "resourceVersion": "7"}
    meta |= {"generation": dice.randrange(9), "creationTimestamp": f"202{dice.randrange(9)}"}
    meta["namespace"] = dice.choice((*NAMESPACES, meta["namespace"], meta["namespace"]))
    meta["ownerReferences"] = [{"kind": "Pipeline", "name": meta["name"], "uid": "1"}]
    meta["labels"] = {**(meta.get("labels") or {}), "app": dice.choice(NAMES), "team": "{{.Name}}"}
    note = dice.choice(("{{.UID}}", '"quoted" <b>', "plain", "x:y"))
    meta["annotations"] = {**(meta.get("annotations") or {}), LAST_APPLIED: note}
    meta["labels"] |= dice.choice(({}, {}, {"modelClass": "a<b"}, {"serviceEnvelope": '"'}))
    if dice.random() < 0.8:  # a placeholder of its own keeps a service from having any twin
        meta["labels"]["team"] = meta["namespace"]
        meta["annotations"][LAST_APPLIED] = '{"a": "b"}'
    copy["status"] = dice.choice(STATUSES)
    for spec in predictor.values():
        if isinstance(spec, dict) and "storageUri" in spec:
            spec["storageUri"] = dice.choice(URIS)
            spec["resources"] = resources(spec.get("resources") or {}, dice)
    return service_of(copy)


def resources(amounts: Json, dice: Random) -> Json:
    memory = dice.choice(("1Gi", "2Gi", "", 1024))
    return {**amounts, "limits": {**(amounts.get("limits") or {}), "memory": memory}}


def assert_alike(services: list[InferenceService], config: Config) -> Services:
    """Assert that each is put together again as it was, and gets what it gets by itself."""
    found = Services(services)
    told, every = Resolutions(found, config), {service.ref: service for service in services}
    assert list(found) == list(told) == list(every)
    for ref, service in every.items():
        assert found[ref] == service
        alone = resolve(service, config)
        assert told[ref] == alone
        assert light(told.shared(ref)) == light(alone)
        assert named(found, ref, config) == workload_of(service, "Standard", config.rules)
    return found


def light(told: Any) -> tuple[Any, ...]:
    return (told.image, told.verdict, told.reason, told.entry, told.runtime, told.rules)


def named(found: Services, ref: Any, config: Config) -> Any:
    called = found.shape(ref).service.spec.predictor.name if config.rules.canaries else ""
    return workload_named(ref, called or "", "Standard", config.rules)


@pytest.mark.parametrize("release", RELEASES)
def test_every_recorded_service_gets_by_its_shape_what_it_gets_by_itself(release: str) -> None:
    for case, manifests in cases(release):
        assert_alike(services_of(manifests), case.config)


@pytest.mark.parametrize("release", RELEASES)
def test_so_do_services_that_differ_in_what_is_their_own(release: str) -> None:
    dice = Random(release)
    for case, manifests in cases(release):
        made = [twin(manifest, dice) for manifest in manifests for _ in range(2)]
        numbered = [renamed(one, f"{one.metadata.name}-{n}") for n, one in enumerate(made)]
        assert_alike([*made, *numbered], case.config)


def test_only_what_decides_makes_another_shape() -> None:
    for _, manifests in cases("0.20.0"):
        made = services_of([m for m in manifests if "{{" not in json.dumps(m)])
        found = Services(made)
        count = len(list(found.shapes))
        assert len(list(found.changed(map(same_shape, made)).shapes)) == count


def leaves(value: Json, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Json]]:
    if isinstance(value, (dict, list)):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in pairs:
            yield from leaves(item, (*path, key))
    else:
        yield path, value


def other(value: Json, dice: Random) -> Json:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return dice.choice(("", f"{value}-gpu", "v2", "{{.Name}}", "{{.Labels.app}}", "true"))


def edited(manifest: Json, dice: Random) -> Json:
    """Return the service with one leaf changed, or taken away."""
    copy = json.loads(json.dumps(manifest))
    kept = {key: copy[key] for key in ("metadata", "spec", "status") if key in copy}
    found = [one for one in leaves(kept) if one[0][1] not in ("name", "namespace")]
    if not found:
        return copy
    (*path, last), value = dice.choice(found)
    place = copy
    for key in path:
        place = place[key]
    # No API server stores a variable or a container without a name.
    if isinstance(place, dict) and last != "name" and dice.random() < 0.3:
        del place[last]
    else:
        place[last] = other(value, dice) or (value if last == "name" else "")
    return copy


def readable(manifests: list[Json]) -> list[Json]:
    kept = []
    for manifest in manifests:
        try:
            service_of(manifest)
        except msgspec.ValidationError:
            continue
        kept.append(manifest)
    return kept


@pytest.mark.parametrize("release", RELEASES)
def test_so_do_services_that_differ_in_a_single_field(release: str) -> None:
    dice = Random(release)
    for case, manifests in cases(release):
        others = [edited(manifest, dice) for manifest in manifests for _ in range(2)]
        assert_alike(services_of([*manifests, *readable(others)]), case.config)
