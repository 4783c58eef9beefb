"""What a blocked plan says to do: a finding that nothing accepts is never told to be accepted."""

from __future__ import annotations

import io

import msgspec
import pytest

from migrate.commands.approval import approve, refuse_blocked
from migrate.errors import BlockedError
from migrate.planning.hold.make import make_plan
from migrate.planning.model import codes
from migrate.planning.model.desired import Options
from migrate.planning.model.findings import finding
from migrate.planning.model.strategy import Strategy
from migrate.report.upgrade import strategy_of
from tests.planning.copies import cluster, isvc


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ((codes.TWO_CONTROLLERS, codes.NEVER_RAN), f"{codes.TWO_CONTROLLERS} cannot be accepted"),
        ((codes.NEVER_RAN,), f"--accept {codes.NEVER_RAN}"),
    ],
)
def test_the_way_out(found: tuple[str, ...], told: str) -> None:
    made = make_plan(cluster("0.15.2", isvc("iris")), Options())
    blocked = [finding(code, "a text") for code in found]
    made = msgspec.structs.replace(made, findings=tuple(blocked))
    with pytest.raises(BlockedError) as caught:
        refuse_blocked(made)
    assert told in caught.value.hint


class Terminal(io.StringIO):
    """A person who types this."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("typed", ["y\n", "\n", ""])
def test_the_question_fits_the_terminal_and_only_yes_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str
) -> None:
    question = f"Apply to context prod, https://{'a' * 30}.example.com, restarting 12 services."
    monkeypatch.setattr("sys.stdin", Terminal("yes\n"))
    approve(question, yes=False)
    asked = capsys.readouterr().err
    assert max(map(len, asked.splitlines())) <= 80 < len(question)
    assert question in " ".join(asked.split())
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    with pytest.raises(BlockedError, match="not approved") as caught:
        approve(question, yes=False)
    assert caught.value.hint.startswith("--dry-run=client")


def test_the_question_names_the_upgrade_that_a_plan_comes_before() -> None:
    made = make_plan(cluster("0.15.2", isvc("iris")), Options())
    assert strategy_of(made) == "in place"
    held = msgspec.structs.replace(
        made, options=Options(strategy=Strategy.HOLD, target="0.16.0"), strategy=Strategy.HOLD
    )
    assert strategy_of(held) == "before the upgrade to KServe 0.16.0"
