"""What a blocked plan says to do: a finding that nothing accepts is never told to be accepted."""

from __future__ import annotations

import msgspec
import pytest

from migrate.commands.approval import refuse_blocked
from migrate.errors import BlockedError
from migrate.planning.hold.make import make_plan
from migrate.planning.model import codes
from migrate.planning.model.desired import Options
from migrate.planning.model.findings import finding
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
