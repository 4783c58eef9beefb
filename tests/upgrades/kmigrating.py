"""What is asked of kmigrate on the way, as people type it."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from migrate.errors import Exit
from tests.real.cli import environment, kmigrate
from tests.testbed.programs import build
from tests.upgrades.field import Field

_SECONDS = 300
_ANY_PROTOCOL = "KM419"


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


def list_protocols(field: Field) -> list[str]:
    """Do what ``check`` says of copies of 0.8, as it stands; return them."""
    asked = ["check", "-o", "json"]
    done = kmigrate(field.kserve.admin, *asked, expect=None, timeout=_SECONDS)
    told = [one for one in json.loads(done.stdout)["findings"] if one["code"] == _ANY_PROTOCOL]
    pairs = [(ref, one["fix"]) for one in told for ref in one["objects"]]
    for ref, fix in pairs:
        program, *arguments = shlex.split(fix.replace("NAMESPACE", ref["namespace"]))
        command = [str(build(program)), *arguments]
        env = environment(field.kserve.admin)
        subprocess.run(command, env=env, check=True, capture_output=True, timeout=_SECONDS)
    return [_name(ref) for ref, _ in pairs]


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
