"""Generated clusters: a run is killed, KServe upgraded, and the run goes on or back, or is refused.

Going on, each service of the run gets the image that was planned, and nobody else moves; what is
refused writes nothing. Going back leaves no runtime of the run.
"""

from __future__ import annotations

import random
from contextlib import suppress

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.objects import ObjectRef
from migrate.planning.back.outcomes import concerned
from migrate.planning.model.plan import Plan
from tests.commands.moving import apply, everything
from tests.commands.test_to_runtimes_generated import IMAGE, generated, gets, seen, tried
from tests.commands.upgrading import Killed, Mortal, is_begun, upgrade
from tests.commands.verbs import Verbs

WAYS = [("0.9.0", "0.10.2"), ("0.9.0", "0.11.2"), ("0.11.2", "0.15.2"), ("0.16.0", "0.20.0")]
YES = ("--yes", "--timeout", "5")
SEED, CLUSTERS = 7, 4


def killed(base: MemoryCluster, made: Plan, at: int) -> Mortal | None:
    """The cluster as a run leaves it that is killed before its write of that number."""
    found = Mortal(base=base)
    found.left = at
    with suppress(Killed):
        apply(found, made)
    found.left = 10**6
    return found if is_begun(found) else None


def moments(base: MemoryCluster, made: Plan) -> list[int]:
    """The writes before which a run can be killed that is recorded, and not at its end."""
    whole = Mortal(base=base)
    apply(whole, made)
    writes = range(1, 10**6 - whole.left + 1)
    return [at for at in writes if killed(base, made, at) is not None]


@pytest.mark.parametrize(("before", "after"), WAYS)
def test_on_or_back_or_nothing(
    before: str, after: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dice, ends = random.Random(SEED), {0: 0, 7: 0}
    for index in range(CLUSTERS):
        base, names = generated(before, index)
        for sets in ((), *((f"runtime/{name}={IMAGE}",) for name in names[:2])):
            if (made := tried(base, *sets)) is None:
                continue
            at = dice.choice(moments(base, made))
            there, back = killed(base, made, at), killed(base, made, at)
            assert there is not None
            assert back is not None
            for found in (there, back):
                upgrade(found, after)
            ends[goes_on(there, made, Verbs(there, monkeypatch, capsys))] += 1
            goes_back(back, Verbs(back, monkeypatch, capsys))
    assert ends[0], ends


def goes_on(found: Mortal, made: Plan, verbs: Verbs) -> int:
    """Go on; return the exit code."""
    start, images = everything(found), gets(seen(found))
    code, _, said = verbs("apply", *YES)
    assert code in (0, 7), said
    if code == 7:
        assert everything(found) == start
        return code
    mine = {row.service: row.after_plan for row in concerned(made) if row.after_plan}
    after = gets(seen(found))
    assert {ref: after[ref][0] for ref in mine} == mine
    known: set[ObjectRef] = {row.service for row in made.forecast} - mine.keys()
    assert {ref: after[ref] for ref in known} == {ref: images[ref] for ref in known}
    return code


def goes_back(found: Mortal, verbs: Verbs) -> None:
    start = everything(found)
    code, _, said = verbs("rollback", *YES)
    assert code in (0, 4, 7), said
    if code == 7:
        assert everything(found) == start
        return
    labelled = [text for text in everything(found).values() if "kmigrate.dev/run" in text]
    assert not labelled or code == 4, said
