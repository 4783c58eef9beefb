"""A copy of a runtime under a name of its own: what KServe keys on names, said in the copy itself.

``SetRuntimeDefaults`` in ``pkg/apis/serving/v1beta1/inference_service_defaults.go`` sets what
MLServer, TorchServe and Triton need by the name of the runtime (0.9 to 0.16), or by its annotation
server-type (from 0.17.0 on); ``UpdateImageTag`` in ``controller/v1beta1/inferenceservice/utils/
utils.go`` adds ``-gpu`` by the name (0.10 to 0.19). Nothing here says that a copy is as good as
what it is a copy of: who asks resolves a service on both, and compares.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from migrate.kserve import terms
from migrate.kserve.rules import Rules, ServerBy
from migrate.kserve.servers import prepared, server_of
from migrate.kserve.services import InferenceService, Model
from migrate.kserve.tags import server_named
from migrate.objects import Json, Manifest

_ITS_NAME = "{{.Name}}"
"""What stands for the name of a service in a runtime: see ``placeholders``."""
_LABEL = re.compile(r"\{\{ *\.Labels\.(modelClass|serviceEnvelope) *\}\}")


def copies(
    source: Manifest, service: InferenceService, server: str, image: str | None, rules: Rules
) -> Iterator[Manifest]:
    """Yield manifests that may do for a service what the source does under its own name.

    The first adds nothing, the later ones more and more. ``server`` is the one whose defaults the
    service gets there, "" for none, and ``image`` what it gets in the end. All of them have the
    name of the source, and its metadata but for the annotation server-type.
    """
    plain = _nowhere_selected(_with_server_type(source, rules))
    yield plain
    model = service.spec.predictor.model
    assert model is not None
    carried = _carried(plain, service, model, server, rules) if server else plain
    yield carried
    if image and not model.image and model.runtime_version is None:
        for one in (plain, carried):
            yield _with_container(one, {"image": image}, rules)


def _nowhere_selected(source: Manifest) -> Manifest:
    """Return it so that nobody gets it who does not name it: then no priority is compared."""
    formats = source["spec"].get("supportedModelFormats")
    if not formats:
        return source
    kept = [{key: value for key, value in one.items() if key != "priority"} for one in formats]
    off = [{**one, "autoSelect": False} for one in kept]
    return {**source, "spec": {**source["spec"], "supportedModelFormats": off}}


def _with_server_type(source: Manifest, rules: Rules) -> Manifest:
    server = server_named(source["metadata"]["name"])
    annotations = source["metadata"].get("annotations") or {}
    if rules.server_by is not ServerBy.ANNOTATION or not server or terms.SERVER_TYPE in annotations:
        return source
    meta = {**source["metadata"], "annotations": {**annotations, terms.SERVER_TYPE: server}}
    return {**source, "metadata": meta}


def unnamed(content: Manifest, name: str, service: InferenceService, rules: Rules) -> Manifest:
    """Return a copy under the name of its source again, without what it carries for a service."""
    meta = {**content["metadata"], "name": name}
    annotation = (meta.get("annotations") or {}).get(terms.SERVER_TYPE)
    server, model = server_of(name, annotation, rules), service.spec.predictor.model
    named = {**content, "metadata": meta}
    if not server or model is None:
        return named
    added = _added(service, model, server, rules)
    container = _container(named, rules)
    env = [item for item in container.get("env") or () if item not in added.env]
    args = list(container.get("args") or ())
    if added.args and args[-len(added.args) :] == added.args:
        args = args[: -len(added.args)]
    made = _with_container(named, {"env": env, "args": args}, rules)
    labels = made["spec"].get("labels") or {}
    kept = {key: text for key, text in labels.items() if added.labels.get(key) != text}
    return {**made, "spec": {**made["spec"], "labels": kept}}


class _Added(msgspec.Struct, frozen=True):
    """What the defaults of a server add to a service, whose name is a placeholder."""

    env: list[Manifest]
    args: list[str]
    labels: dict[str, str]


def _added(service: InferenceService, model: Model, server: str, rules: Rules) -> _Added:
    meta = msgspec.structs.replace(service.metadata, name=_ITS_NAME)
    ready = prepared(msgspec.structs.replace(service, metadata=meta), model, server, rules)
    own, labels = service.metadata.labels or {}, ready.metadata.labels or {}
    return _Added(
        list(ready.model.env or ())[len(model.env or ()) :],
        list(ready.model.args or ())[len(model.args or ()) :],
        {key: text for key, text in labels.items() if own.get(key) != text},
    )


def _carried(
    source: Manifest, service: InferenceService, model: Model, server: str, rules: Rules
) -> Manifest:
    """Return it with the variables, flags and labels that the server's defaults would add."""
    added, container = _added(service, model, server, rules), _container(source, rules)
    changes: Manifest = {}
    if added.env:
        changes["env"] = _with_env(container.get("env") or [], added.env)
    if added.args:
        changes["args"] = [*(container.get("args") or ()), *added.args]
    made = _with_container(source, changes, rules)
    spec = {**made["spec"], "containers": _told(made["spec"]["containers"], added.labels)}
    if added.labels and rules.runtime_metadata:
        spec["labels"] = {**(spec.get("labels") or {}), **added.labels}
    return {**made, "spec": spec}


def _with_env(base: list[Manifest], added: list[Manifest]) -> list[Manifest]:
    """Return the variables in the order of a strategic merge: those of the service come first."""
    ours = {item["name"]: item for item in added}
    known = {item.get("name") for item in base}
    new = [item for item in added if item["name"] not in known]
    return [*new, *(ours.get(str(item.get("name")), item) for item in base)]


def _told(value: Json, labels: dict[str, str]) -> Json:
    """Return it with these labels in the place of their placeholders."""
    if isinstance(value, str):
        return _LABEL.sub(lambda found: labels.get(found[1], found[0]), value)
    if isinstance(value, list):
        return [_told(item, labels) for item in value]
    if isinstance(value, dict):
        return {key: _told(item, labels) for key, item in value.items()}
    return value


def _container(source: Manifest, rules: Rules) -> Manifest:
    found: Manifest = source["spec"]["containers"][_at(source, rules)]
    return found


def _at(source: Manifest, rules: Rules) -> int:
    """Return the place of the container that the service's is laid over."""
    names = [container.get("name") for container in source["spec"]["containers"]]
    return names.index(terms.CONTAINER) if rules.base_by_name else 0


def _with_container(source: Manifest, changes: Manifest, rules: Rules) -> Manifest:
    if not changes:
        return source
    at, containers = _at(source, rules), list(source["spec"]["containers"])
    containers[at] = {**containers[at], **changes}
    return {**source, "spec": {**source["spec"], "containers": containers}}
