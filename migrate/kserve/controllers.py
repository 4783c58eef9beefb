"""Which workloads run KServe's controller of InferenceServices.

Of KServe's namespace, whatever it is called: a Deployment or StatefulSet with a container

- of an image whose repository ends in ``kserve-controller``, from whatever registry; or
- called ``manager``, where the label ``control-plane`` of the workload or of its pods is that of
  the controller, or the workload's name is.

So are those of all manifests and charts of 0.7.0 to 0.20.0, and none of the other programs there
(``kserve-localmodel-controller``, ``llmisvc-controller``, ModelMesh): ``install/vX/*.yaml`` and
``charts/*/templates``, recorded by ``tests/kserve/record_controllers.py``.

Not recognised is one that was renamed, built anew under another name and labelled anew; one that
runs in another namespace; and one outside of the cluster. The Lease of the controllers,
``kserve-controller-manager-leader-lock``, is not asked (``cmd/manager/main.go``): 0.7 and 0.8 have
none, and from 0.9 on two of one namespace share it, while the webhooks of both answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from migrate.kserve import terms
from migrate.kserve.containers import Container
from migrate.kserve.image import ImageFormatError, parse_image
from migrate.kserve.workloads import Pod, Workload


class Controllers(msgspec.Struct, frozen=True):
    """The controller's workloads. Two that are running write the same objects, both."""

    running: tuple[Workload, ...]
    empty: tuple[Workload, ...]

    @property
    def images(self) -> tuple[str, ...]:
        """The images of the controllers that run; of those scaled to 0 where none does."""
        return tuple(image for w in self.running or self.empty for image in manager_images(w))


def controller_of(candidates: Sequence[Workload]) -> Controllers:
    """Part the controller's workloads by whether they have replicas; ignore all others.

    0.9.0 ships a Deployment and, to take over from 0.8, a StatefulSet of the same name with
    0 replicas (``install/v0.9.0/kserve.yaml``).
    """
    ours = [each for each in candidates if is_controller(each)]
    running = tuple(each for each in ours if each.spec.replicas != 0)
    return Controllers(running, tuple(each for each in ours if each.spec.replicas == 0))


def is_controller(workload: Workload) -> bool:
    """Tell whether a workload of KServe's namespace runs its controller."""
    if any(_is_by_image(each) for each in workload.containers):
        return True
    has_manager = any(each.name == terms.MANAGER_CONTAINER for each in workload.containers)
    return has_manager and not terms.CONTROLLER_NAMES.isdisjoint(_names(workload))


def manager_images(owner: Workload | Pod) -> list[str]:
    """Return the images of the controller's containers; "" for one without."""
    found = [each for each in owner.containers if _is_by_image(each)]
    named = [each for each in owner.containers if each.name == terms.MANAGER_CONTAINER]
    return [each.image or "" for each in found or named]


def pods_of(workload: Workload, pods: Iterable[Pod]) -> Iterator[Pod]:
    """Yield its pods, those included that go: they run.

    A Deployment's are called after it, its ReplicaSet and themselves, a StatefulSet's by a number.
    """
    parts = 1 if workload.KIND == terms.STATEFUL_SET else 2
    start = f"{workload.metadata.name}-"
    for pod in pods:
        rest = pod.metadata.name.removeprefix(start)
        if rest != pod.metadata.name and len(rest.split("-")) == parts:
            yield pod


def _is_by_image(container: Container) -> bool:
    try:
        repository = parse_image(container.image or "").repository
    except ImageFormatError:
        return False
    return repository.rpartition("/")[2] in terms.CONTROLLER_IMAGES


def _names(workload: Workload) -> Iterator[str]:
    yield workload.metadata.name
    for labels in (workload.metadata.labels, workload.spec.template.metadata.labels):
        yield (labels or {}).get(terms.CONTROL_PLANE, "")
