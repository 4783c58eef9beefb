"""docs/upgrades.md as it stands: each command of it, in its order, on real controllers.

Where the page has ``kubectl apply`` of KServe's manifests, the testbed installs the release.
Containers are simulated; pods, Deployments and Ready are real.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from migrate.errors import Exit
from tests.conftest import StartKServe
from tests.real.cli import kmigrate
from tests.testbed.install import Stop
from tests.upgrades.failing import fail, from_0_15, set_limit, settled, state
from tests.upgrades.field import Field
from tests.upgrades.images import image_now
from tests.upgrades.verdicts import FINE, verdict

PAGE = Path(__file__).parents[2] / "docs/upgrades.md"
RELEASE = "0.16.0"
"""The one that the page names."""
WRITING = ("apply", "rollback")
_SECONDS = 300


@pytest.mark.parametrize("release", ["0.15.2"])
def test_the_page_leads_through_an_upgrade(
    start_kserve: StartKServe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, release: str
) -> None:
    """Through one that fails, with and without a checkpoint, then through one that ends."""
    monkeypatch.chdir(tmp_path)
    field = from_0_15(start_kserve)
    assert field.kserve.release.version == release
    field.settle()
    images = image_now(field.images())
    fail(field, RELEASE, Stop.CONTROLLER)
    assert image_now(field.images()) != images
    assert [typed(field, each) for each in commands("history")] == [Exit.OK] * 2
    assert image_now(field.settle()) == images

    check, save, *remedies = commands("before")
    assert typed(field, check) == Exit.BLOCKED
    set_limit(field)
    assert typed(field, save) == Exit.OK
    before = state(field)
    fail(field, RELEASE, Stop.RUNTIMES)
    assert field.config() != before.config
    assert image_now(field.images()) != images
    assert [typed(field, each) for each in commands("failed")] == [Exit.OK] * 3
    settled(field, before)

    assert [typed(field, each) for each in remedies] == [Exit.OK] * 2
    field.upgrade(RELEASE)
    # 0.16 makes Knative Services of raw ones that were made before (KM416).
    check, *others = commands("after")
    assert typed(field, check) == Exit.BLOCKED
    assert [typed(field, each) for each in others] == [Exit.OK] * 3
    now = image_now(field.settle())
    assert all(verdict(images[name], now[name]) in FINE for name in images)


def commands(part: str) -> list[list[str]]:
    """Return the commands of a part of the page, without the first word."""
    page = PAGE.read_text(encoding="utf-8")
    text = page.split(f"<!-- {part} -->")[1].split(f"<!-- /{part} -->")[0]
    assert f"--target {RELEASE}" in page
    found = re.findall(r"^\$ kmigrate (.*)$", text, re.MULTILINE)
    assert found
    return [shlex.split(line) for line in found]


def typed(field: Field, command: list[str]) -> int:
    """Run a command of the page; return its exit code. Writing ones are answered with yes."""
    yes = ["--yes"] if command[0] in WRITING else []
    return kmigrate(field.kserve.admin, *command, *yes, expect=None, timeout=_SECONDS).returncode
