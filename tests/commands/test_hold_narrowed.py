"""`plan|apply --target` for some services alone: the upgrade does not come next."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.cluster import snapshot
from tests.commands.test_hold import folder
from tests.commands.verbs import Verbs
from tests.commands.wording import Make

__all__ = ["folder"]


@pytest.mark.parametrize("narrow", [("-n", "pricing"), ("--exclude", "fraud")])
def test_the_others_come_before_the_upgrade(
    make: Make, folder: Path, narrow: tuple[str, str]
) -> None:
    verbs: Verbs = make(found=snapshot.load(folder))
    for verb, more in (("plan", ()), ("apply", ("--yes",)), ("apply", ("--yes",))):
        _, _, said = verbs(verb, "--target", "0.9.0", *narrow, *more)
        assert "then: upgrade" not in said, said
        assert "then: kmigrate plan --target 0.9.0, for all others" in said
    _, shown, _ = verbs("status")
    assert "next: kmigrate plan --target 0.9.0, for all others" in shown
    code, _, said = verbs("apply", "--target", "0.9.0", "-A", "--yes")
    assert code == 0
    assert "then: upgrade KServe to 0.9.0" in said
