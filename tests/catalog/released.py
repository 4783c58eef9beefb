"""What each release of KServe installs: its manifests, and its charts as Helm renders them.

The manifests of most releases stand in the newest Go module. A chart, and a manifest that is
missing there, come from the release's own module where the testbed pins one, else from a
checkout of its tag: ``TREES/vX``, TREES being the folder that a recording script is given.
Releases of which nothing is found are left out, and named while recording.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.testbed.golang import run_go
from tests.testbed.modules import documents, module_folder
from tests.testbed.programs import MODULES

KSERVE = "github.com/kserve/kserve"
HELM = "helm.sh/helm/v3/cmd/helm@v3.18.6"
# The repository has no manifest of 0.10.2, 0.13.0 and 0.17.1, and no chart of 0.7 and 0.8.
RELEASES = (
    "0.7.0", "0.8.0", "0.9.0", "0.10.0", "0.10.1", "0.10.2", "0.11.0", "0.11.1", "0.11.2",
    "0.12.0", "0.12.1", "0.13.0", "0.13.1", "0.14.0", "0.14.1", "0.15.0", "0.15.1", "0.15.2",
    "0.16.0", "0.17.0", "0.17.1", "0.18.0", "0.18.1", "0.19.0", "0.20.0",
)  # fmt: skip
_FILES = (
    "kserve.yaml",
    "kserve-crds.yaml",
    "kserve-runtimes.yaml",
    "kserve-cluster-resources.yaml",
)
CHARTS = ("kserve", "kserve-crd", "kserve-resources", "kserve-runtime-configs")
_RUNTIMES_TOO = "kserve.servingruntime.enabled=true"

Manifest = dict[str, Any]


class NotReleasedError(LookupError):
    """The release has no such thing, or it is not on this machine."""


def manifest(release: str, trees: Path | None) -> list[Manifest]:
    """Return the objects of the released install manifests."""
    for root in (module_folder(KSERVE), *trees_of(release, trees)):
        folder = root / "install" / f"v{release}"
        if folder.is_dir():
            return documents(*(folder / name for name in _FILES if (folder / name).exists()))
    raise NotReleasedError(f"no install manifest of {release}")


def chart(release: str, trees: Path | None) -> list[Manifest]:
    """Return the objects of the release's charts with default values, runtimes included."""
    root = next(trees_of(release, trees), None)
    found = [root / "charts" / name for name in CHARTS] if root else []
    objects = [each for folder in found if folder.is_dir() for each in rendered(folder)]
    if not objects:
        raise NotReleasedError(f"no chart of {release}")
    return objects


def minimal(release: str, trees: Path | None) -> list[Manifest]:
    """Return the CRDs without schema, which some install instead (0.13 and later)."""
    root = next(trees_of(release, trees), None)
    found = sorted((root / "config/crd/minimal").rglob("serving.kserve.io_*.yaml")) if root else []
    if not found:
        raise NotReleasedError(f"no minimal CRDs of {release}")
    return documents(*found)


def trees_of(release: str, trees: Path | None) -> Iterator[Path]:
    """Yield the folders that hold a checkout of the release."""
    if trees and (trees / f"v{release}").is_dir():
        yield trees / f"v{release}"
    if (MODULES / f"kserve-{release}").is_dir():
        yield module_folder(KSERVE, f"kserve-{release}")


def rendered(folder: Path, *flags: str) -> list[Manifest]:
    """Return the objects of a chart, as Helm renders it with these flags."""
    command = ["template", "kserve", str(folder), "--include-crds", "--set", _RUNTIMES_TOO, *flags]
    text = run_go(["run", HELM, *command], Path.cwd())
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [document for document in yaml.load_all(text, loader) if document]
