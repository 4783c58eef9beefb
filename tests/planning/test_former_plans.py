"""Plans that were saved before stay what they are: with the same digests, they load and go on.

The files were written before plans knew a target. A field that comes later has to be left out
where nothing is said (see ``Options``), or they are taken for edited.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.objects import canonical
from migrate.planning.model import planfile
from migrate.planning.model.desired import Options
from migrate.planning.model.strategy import Strategy
from tests.planning.converting import SKLEARN, old
from tests.planning.upgrading import prepared, seven

FILES = sorted((Path(__file__).parent / "former").glob("*.json"))


def test_there_is_a_file_of_every_kind() -> None:
    plans = [planfile.load(file.read_bytes(), file.name) for file in FILES]
    kinds = {(plan.options.strategy, plan.options.scope.value) for plan in plans}
    assert kinds == {
        (Strategy.IN_PLACE, "namespace"),
        (Strategy.TO_RUNTIMES, "namespace"),
        (Strategy.TO_RUNTIMES, "service"),
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_of_before_is_written_again_as_it_is(file: Path) -> None:
    data = file.read_bytes()
    plan = planfile.load(data, file.name)
    assert planfile.dump(plan) == data
    assert plan.target == ""


def test_a_target_is_said_where_there_is_one() -> None:
    assert b"target" not in canonical(Options())
    made = prepared(seven(old("iris"), sklearn_v1=SKLEARN))
    assert planfile.load(planfile.dump(made), "p").target == "0.9.0"
