"""What is asked of kmigrate on the way, as people type it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from migrate.errors import Exit
from tests.real.cli import kmigrate
from tests.upgrades.field import Field

_SECONDS = 300


def said(field: Field, release: str) -> dict[str, str]:
    """Return the image that each service gets by an upgrade to a release, as ``check`` says."""
    asked = ["check", "--target", release, "--direct", "-o", "json"]
    done = kmigrate(field.kserve.admin, *asked, expect=None, timeout=_SECONDS)
    assert done.returncode in (Exit.OK, Exit.BLOCKED), done.stderr
    rows = json.loads(done.stdout)["steps"][-1]["rows"]
    return {_name(row["service"]): row["imageAfter"] or "" for row in rows}


def hold(field: Field, release: str) -> None:
    """Have what runs now held across an upgrade to a release."""
    apply(field, "--target", release)


def save(field: Field, name: str, folder: Path) -> Path:
    """Make a checkpoint in the cluster and in a file of the folder; return the file."""
    file = folder / f"{name}.json.gz"
    kmigrate(field.kserve.admin, "checkpoint", name, "--out", str(file))
    return file


def go_back(field: Field, checkpoint: str) -> None:
    """Bring everything back to a checkpoint of the release that runs."""
    kmigrate(field.kserve.admin, "rollback", checkpoint, "--yes", timeout=_SECONDS)


def apply(field: Field, *asked: str) -> None:
    """Apply a plan."""
    kmigrate(field.kserve.admin, "apply", *asked, "--yes", timeout=_SECONDS)


def _name(ref: Mapping[str, Any]) -> str:
    return f"{ref['namespace']}/{ref['name']}"
