"""Files out of Go modules: install manifests, CRDs and kwok's stages."""

import functools
import json
import re
from pathlib import Path
from typing import Any

import yaml

from tests.testbed.golang import run_go
from tests.testbed.programs import MODULES


@functools.cache
def module_folder(module: str, pins: str = "manifests") -> Path:
    """Return the unpacked ``module`` at the version pinned in programs/PINS/go.mod.

    Downloaded the first time; Go checks its content against the committed go.sum.
    Raises KeyError for a module that is not pinned there.
    """
    folder = MODULES / pins
    wanted = f"{module}@{_pinned_versions(folder)[module]}"
    answer = json.loads(run_go(["mod", "download", "-json", wanted], folder))
    return Path(answer["Dir"])


def _pinned_versions(folder: Path) -> dict[str, str]:
    text = (folder / "go.mod").read_text()
    return dict(re.findall(r"^\s*(?:require )?(\S+\.\S+/\S+) (v\S+)", text, re.MULTILINE))


def documents(*files: Path) -> list[dict[str, Any]]:
    """Return all the YAML documents of ``files``, empty ones left out."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: list[dict[str, Any]] = []
    for file in files:
        with file.open() as stream:
            found += [document for document in yaml.load_all(stream, loader) if document]
    return found
