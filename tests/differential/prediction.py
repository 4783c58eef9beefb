"""What kmigrate says of a generated cluster, held against the verdict of the real controller."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from migrate.kserve import modes, terms
from migrate.kserve.admission import admitted
from migrate.kserve.building import Pod
from migrate.kserve.config import read_config
from migrate.kserve.legacy import is_unmarked
from migrate.kserve.predictors import PredictorsError
from migrate.kserve.releases import parse_release
from migrate.kserve.resolution import Resolution, Verdict
from migrate.kserve.resolver import resolve, resolve_canaries
from migrate.kserve.rules import Rules
from migrate.kserve.runtimes import Runtime, Runtimes
from migrate.kserve.services import InferenceService
from migrate.kserve.storage import StorageContainer
from migrate.kserve.table import rules_for
from migrate.kserve.workloads import workload_of
from tests.differential.normal import container_of, plain, same_texts

Json = Any


@dataclass(frozen=True)
class Mismatch:
    """Where kmigrate and the controller differ about a service."""

    service: str
    field: str
    predicted: object
    found: object
    reason: str = ""

    def __str__(self) -> str:
        lines = f"    predicted {self.predicted!r}\n    found     {self.found!r}"
        return f"{self.service}: {self.field}\n{lines}\n    because   {self.reason}"


class Case:
    """A cluster with its verdict, and what kmigrate makes of both."""

    def __init__(self, cluster: Json, verdict: Json, rules: Rules | None = None) -> None:
        known = rules_for(parse_release(cluster["release"]))
        assert known is not None
        self.rules = rules or known
        self.cluster, self.verdict = cluster, verdict
        stored = [item["stored"] for item in verdict["runtimes"] if "stored" in item]
        runtimes = Runtimes(msgspec.convert(item, Runtime) for item in stored)
        data = {key: text for key, text in verdict["config"].items() if text is not None}
        # Where none are recorded, those installed add nothing to what the release takes.
        storage = (msgspec.convert(item, StorageContainer) for item in verdict.get("storage", ()))
        self.config = read_config(data, self.rules, runtimes, tuple(storage))

    def services(self) -> Iterator[tuple[str, Json, Json]]:
        for posted in self.cluster["services"]:
            meta = posted["metadata"]
            name = f"{meta['namespace']}/{meta['name']}"
            yield name, posted, self.verdict["services"][name]

    def mode(self, service: InferenceService) -> str:
        return modes.mode_of(service, self.config.mode, self.rules)

    def workload_name(self, service: InferenceService) -> str:
        return workload_of(service, self.mode(service), self.rules).name


def service_of(manifest: Json) -> InferenceService:
    return msgspec.convert(manifest, InferenceService)


def mismatches(cluster: Json, verdict: Json, rules: Rules | None = None) -> list[Mismatch]:
    if "crashed" in verdict:
        return [Mismatch("the manager", "crashed", "runs on", verdict["crashed"])]
    case = Case(cluster, verdict, rules)
    return [
        found
        for name, posted, one in case.services()
        if one["denied"] is None
        for found in _judged(case, name, posted, one)
    ]


def _judged(case: Case, name: str, posted: Json, one: Json) -> Iterator[Mismatch]:
    yield from _admission(case, name, posted, one)
    service = service_of(one["stored"])
    resolution = resolve(service, case.config)
    if resolution.verdict is Verdict.CANNOT_TELL:
        return
    yield from _runtime(name, resolution, one)
    workloads = {item["name"]: item for item in one["workloads"]}
    failed, at = one["failed"], case.workload_name(service)
    found = workloads.get(at)
    # By the API server or the webhook: nobody sees what KServe decided.
    refused = bool(failed and REFUSED.search(failed["message"]))
    if found is None and refused:
        return
    if (resolution.image is None) is (found is not None):
        told = resolution.image if resolution.image is not None else "no workload"
        yield Mismatch(name, at, told, failed or list(workloads), resolution.reason)
    elif found is not None:
        yield from _workload(case, name, service, resolution, found)
        if not refused:
            yield from _workers(case, name, service, resolution, workloads)
            yield from _canaries(case, name, service, workloads)


REFUSED = re.compile(
    "fails to reconcile.* is invalid: |failed creating host name|admission webhook.*denied"
    "|no kind is registered for the type v1.Service"
)


def _admission(case: Case, name: str, posted: Json, one: Json) -> Iterator[Mismatch]:
    posted_service, stored = service_of(posted), service_of(one["stored"])
    doubled = isinstance(case.config.predictors, PredictorsError) and case.rules.pins_at_admission
    if doubled or case.mode(stored) == terms.MODEL_MESH:
        return  # what cannot be told, and what nobody asks for
    is_past = name in case.cluster["unadmitted"]
    # Once when it is posted, and once when the first reconcile puts the finalizer on.
    writes = [not is_past, is_unmarked(posted_service) and not is_unmarked(stored)]
    told = posted_service
    for _ in filter(None, writes):
        told = admitted(told, case.config)
    for field, predicted, found in _stored_fields(case, told, stored):
        if predicted != found:
            yield Mismatch(name, f"stored {field}", predicted, found)


def _stored_fields(
    case: Case, told: InferenceService, stored: InferenceService
) -> Iterator[tuple[str, Any, Any]]:
    # The field came with 0.9.
    unknown = () if case.rules.orders_by_age else ("storage",)
    for field in ("model", "sklearn", "pytorch", "onnx", "triton", "huggingface"):
        ours, theirs = (getattr(s.spec.predictor, field) for s in (told, stored))
        yield field, _decisive(ours, unknown), _decisive(theirs, unknown)
    yield "labels", told.metadata.labels or {}, stored.metadata.labels or {}
    yield "annotations", told.metadata.annotations or {}, stored.metadata.annotations or {}


def _decisive(spec: Any, unknown: tuple[str, ...]) -> Any:
    if spec is None:
        return None
    found = msgspec.to_builtins(spec)
    for key in ("resources", "name", "modelClassName", *unknown):
        found.pop(key, None)
    found["env"] = plain("env", found.get("env"))
    found["ports"] = plain("ports", found.get("ports"))
    found["image"] = found.get("image") or None
    return {key: value for key, value in found.items() if value not in (None, [])}


def _runtime(name: str, told: Resolution, one: Json) -> Iterator[Mismatch]:
    if told.reported is None or one["runtime"] is None:
        return
    runtime = told.reported
    key = "clusterServingRuntimeName" if runtime.is_cluster else "servingRuntimeName"
    found = {key: value for key, value in one["runtime"].items() if value}
    if found != {key: runtime.name}:
        yield Mismatch(name, "status", {key: runtime.name}, found, told.reason)


def _workload(
    case: Case, name: str, service: InferenceService, told: Resolution, found: Json
) -> Iterator[Mismatch]:
    kind = terms.DEPLOYMENT if case.mode(service) == terms.STANDARD else terms.KNATIVE_SERVICE
    if found["kind"] != kind:
        yield Mismatch(name, "kind of workload", kind, found["kind"], told.reason)
    if told.pod is None:
        image = found["spec"]["containers"][0].get("image", "")
        if image != told.image and told.verdict is not Verdict.CUSTOM:
            yield Mismatch(name, "image", told.image, image, told.reason)
        return
    yield from _pod(case, name, told.pod, found, told.reason)


def _containers(name: str, pod: Pod, found: Json, reason: str) -> Iterator[Mismatch]:
    there, is_knative = found["spec"]["containers"], found["kind"] == terms.KNATIVE_SERVICE
    if len(there) != len(pod.containers):
        yield Mismatch(name, "containers", len(pod.containers), len(there), reason)
    for told, other in zip(pod.containers, there, strict=False):
        for field, ours, theirs in container_of(told, other, is_knative=is_knative):
            if ours != theirs:
                yield Mismatch(name, f"{told.get('name')}: {field}", ours, theirs, reason)


def _pod(case: Case, name: str, pod: Pod, found: Json, reason: str) -> Iterator[Mismatch]:
    yield from _containers(name, pod, found, reason)
    for field in case.rules.pod_fields:
        theirs = found["spec"].get(field)
        if not same_texts(field, pod.fields.get(field), theirs):
            yield Mismatch(name, field, pod.fields.get(field), theirs, reason)
    for field, told in (("labels", pod.labels), ("annotations", pod.annotations)):
        # A Deployment finds its pods by the label app, whatever the service says.
        missing = {k: v for k, v in told.items() if found[field].get(k) != v and k != "app"}
        if missing:
            yield Mismatch(name, field, missing, found[field], reason)


def _workers(
    case: Case, name: str, service: InferenceService, told: Resolution, found: dict[str, Json]
) -> Iterator[Mismatch]:
    if told.workers is None or case.mode(service) != terms.STANDARD:
        return
    at = f"{service.metadata.name}-predictor-worker"
    if at not in found:
        yield Mismatch(name, at, "workers", list(found), told.reason)
    else:
        yield from _pod(case, f"{name} workers", told.workers, found[at], told.reason)


def _canaries(
    case: Case, name: str, service: InferenceService, found: dict[str, Json]
) -> Iterator[Mismatch]:
    for canary, told in resolve_canaries(service, case.config).items():
        at = f"{service.metadata.name}-{canary}-predictor"
        if told.pod is not None and at in found:
            yield from _pod(case, f"{name} canary {canary}", told.pod, found[at], told.reason)
        elif told.verdict is not Verdict.CANNOT_TELL and (told.image is None) is (at in found):
            yield Mismatch(name, at, told.image, list(found), told.reason)
