"""A plan as files to commit to Git instead of applying it: manifests, patches, Helm values.

Equal plans give equal files. They are told from the objects as they were read and from the
edits alone, so whatever a plan edits is in them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby

import msgspec
from msgspec import UNSET

from migrate.credentials import secret_flags, secret_names
from migrate.errors import BlockedError
from migrate.kserve import terms
from migrate.objects import Json, Manifest, ObjectRef, parts_of, value_at
from migrate.operations.fieldmanagers import Writer, managed_by, writers_of
from migrate.operations.model import Create, Edit, Patch
from migrate.operations.patching import apply_edits
from migrate.planning.change.chartvalues import Values, values_of
from migrate.planning.change.kustomize import component, json_patch
from migrate.planning.model.codes import OWNED
from migrate.planning.model.plan import Finding, Plan
from migrate.planning.model.stagefolders import stage_folders
from migrate.planning.world.bare import bare, part, put
from migrate.planning.world.snapshot import Snapshot

Files = dict[str, Json]
"""Documents by their path in the folder."""

_LABEL = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
# kubectl hands what `kubectl apply` wrote over to `kubectl apply --server-side` (1.26 on).
_KUBECTL = (("kubectl", "Apply"), ("kubectl-client-side-apply", "Update"))


class Item(msgspec.Struct, frozen=True):
    """An object that the plan edits. ``before`` and ``after`` hold what is edited, or all of it.

    ``others`` wrote what a server-side apply changes, so that it must be forced; None where the
    field managers are not known. ``secrets`` are variables and flags whose values look like
    credentials. One that the plan makes has no edits, and nothing before.
    """

    target: ObjectRef
    edits: tuple[Edit, ...]
    before: Manifest
    after: Manifest
    others: tuple[Writer, ...] | None
    secrets: tuple[str, ...]

    @property
    def paths(self) -> list[str]:
        """The fields that are edited, each once."""
        return list(dict.fromkeys(edit.path for edit in self.edits))

    @property
    def is_whole(self) -> bool:
        """Whether its manifest has all of the object.

        In the CRDs of 0.8 to 0.20 ``containers`` of a runtime has no ``x-kubernetes-list-type``,
        which makes it atomic: a server-side apply of one image would leave nothing beside it.
        """
        into = any(part.startswith("name=") for path in self.paths for part in parts_of(path))
        return into or self.is_new

    @property
    def is_new(self) -> bool:
        """Whether the plan makes it: there is nothing to go back to but its absence."""
        return not self.edits


class Rendering(msgspec.Struct, frozen=True):
    """The files of a plan, and what a person should know about them."""

    items: tuple[Item, ...]
    files: Files
    values: Values
    former: Values
    """Helm values for the way back."""
    stages: tuple[str, ...] = ()
    """Folders below ``manifests/`` in the order of the plan; none where there is no order."""


def refusals(plan: Plan) -> list[Finding]:
    """Return the findings that forbid to render the plan.

    Those about owners do not: their way is what the files are for.
    """
    return [finding for finding in plan.blocking if finding.code != OWNED]


def render(plan: Plan, snapshot: Snapshot) -> Rendering:
    """Return the files of the plan made from that snapshot.

    Raise BlockedError for an object whose name Kubernetes would not allow: it comes from a
    file, and would lead out of the folder.
    """
    items = tuple(_items(plan, snapshot))
    edits = {item.target: item.edits for item in items if not item.is_new}
    after = {item.target: item.after for item in items}
    # Charts know the runtimes of the cluster by their names alone.
    wide = {ref: each for ref, each in snapshot.originals.items() if not ref.namespace}
    goal = {ref: after.get(ref, manifest) for ref, manifest in wide.items()}
    values = values_of(plan.release, edits, goal)
    former = values_of(plan.release, edits, wide)
    stages = stage_folders(plan)
    edited = [item for item in items if not item.is_new]
    files = {
        **_folder("", items, lambda item: item.after, values, stages),
        **_folder("rollback/", edited, lambda item: item.before, former, {}),
    }
    return Rendering(items, files, values, former, tuple(dict.fromkeys(stages.values())))


def _items(plan: Plan, snapshot: Snapshot) -> Iterator[Item]:
    for operation in plan.operations:
        target = operation.target
        _check_name(target)
        if isinstance(operation.change, Create):
            made = _unmarked(operation.change.manifest)
            yield Item(target, (), {}, made, (), tuple(_secrets(made)))
            continue
        # No plan deletes an object on the way there.
        assert isinstance(operation.change, Patch)
        edits = operation.change.edits
        live = {snapshot.config_ref: snapshot.config, **snapshot.originals}.get(target)
        before = live if live is not None else _service(target, edits)
        yield Item(
            target,
            edits,
            before,
            apply_edits(edits, before),
            None if live is None else _others(live, edits),
            tuple(_secrets(apply_edits(edits, before))),
        )


def _unmarked(manifest: Manifest) -> Manifest:
    """Return a copy without the label that says it is kmigrate's: Git makes it then."""
    meta = {key: each for key, each in manifest["metadata"].items() if key != "labels"}
    return {**manifest, "metadata": meta}


def _check_name(ref: ObjectRef) -> None:
    for name in (ref.name, *([ref.namespace] if ref.namespace else [])):
        if not _NAME.fullmatch(name):
            raise BlockedError(f"{ref}: expected a name of small letters, digits, - and .")


def _service(ref: ObjectRef, edits: Sequence[Edit]) -> Manifest:
    """Return what is known of a service: it was not read whole."""
    found = part(ref, {}, ())
    for edit in edits:
        above = edit.path.rpartition("/")[0]
        put(found, above, value_at(found, above) or {})
        if edit.before is not UNSET:
            put(found, edit.path, edit.before)
    return found


def _others(live: Manifest, edits: Sequence[Edit]) -> tuple[Writer, ...] | None:
    if not managed_by(live):
        return None
    found = (writer for edit in edits for writer in writers_of(live, _sent(edit.path)))
    return tuple(dict.fromkeys(w for w in found if (w.manager, w.operation) not in _KUBECTL))


def _sent(path: str) -> str:
    """Return the smallest field that is sent as one: a list where the path leads into one."""
    return path.partition("/name=")[0]


def _secrets(manifest: Manifest) -> Iterator[str]:
    for containers in ("/spec/containers", "/spec/workerSpec/containers"):
        found = value_at(manifest, containers)
        for container in found if isinstance(found, list) else ():
            yield from secret_names(container.get("env") or ())
            yield from secret_flags(
                [*(container.get("command") or ()), *(container.get("args") or ())]
            )


State = Callable[[Item], Manifest]
"""An item as it shall become."""


def _folder(
    prefix: str,
    items: Sequence[Item],
    state: State,
    values: Values,
    stages: Mapping[ObjectRef, str],
) -> Files:
    manifests = {
        f"{prefix}manifests/{stages.get(i.target, '')}{_file(i.target)}": _manifest(i, state(i))
        for i in items
    }
    patches = {f"{prefix}patches/{name}": p for name, p in _patches(items, state).items()}
    helm = {f"{prefix}helm/values.yaml": values.values} if values.values else {}
    return {**manifests, **patches, **helm}


def _file(ref: ObjectRef) -> str:
    """Return the file of an object. In this order a service that is woken finds the rest done."""
    if ref.kind == terms.INFERENCE_SERVICE:
        return f"services/{ref.namespace}/{ref.kind.lower()}.{ref.name}.yaml"
    if ref.kind == terms.SERVING_RUNTIME:
        return f"runtimes/{ref.namespace}/{ref.kind.lower()}.{ref.name}.yaml"
    return f"{ref.kind.lower()}.{ref.name}.yaml"


def _manifest(item: Item, goal: Manifest) -> Manifest:
    return bare(goal) if item.is_whole else part(item.target, goal, item.paths)


def _patches(items: Sequence[Item], state: State) -> Files:
    """Return a component for what KServe installs, and one for the services of each namespace."""
    files: Files = {}
    edited = (item for item in items if not item.is_new)
    for folder, group in groupby(edited, key=lambda item: _file(item.target).rpartition("/")[0]):
        found = {_file(i.target).rpartition("/")[2]: (i.target, _patch(i, state(i))) for i in group}
        found = {name: (ref, patch) for name, (ref, patch) in found.items() if patch}
        base = f"{folder}/" if folder else ""
        if found:
            files[f"{base}kustomization.yaml"] = component(found)
        files |= {f"{base}{name}": patch for name, (_, patch) in found.items()}
    return files


def _patch(item: Item, goal: Manifest) -> Json:
    """Return a JSON Patch where the path leads into a list, else a merge patch."""
    if item.is_whole:
        return json_patch(item.paths, item.before, goal)
    found = part(item.target, goal, item.paths)
    for path in item.paths:
        if value_at(goal, path) is UNSET:
            put(found, path, None)
    return found
