"""Holding images where `predictors` is not read any more: who has none is converted."""

from __future__ import annotations

import pytest

from migrate.operations.model import Convert
from tests.planning.converting import old
from tests.planning.copies import OVER, SKLEARN, cluster, isvc
from tests.planning.holding import done, holding, images, later


@pytest.mark.parametrize(("release", "target"), [("0.10.2", "0.11.2"), ("0.15.2", "0.16.0")])
def test_who_has_no_image_is_told_by_what_gives_none(release: str, target: str) -> None:
    services = (isvc("iris", protocolVersion="v1"), old("legacy"))
    before = cluster(release, *services, images={SKLEARN: OVER})
    made = holding(before, target)
    told = {one.code: (one.text, [ref.name for ref in one.objects]) for one in made.findings}
    assert told["KM558"][1] == ["legacy"]
    assert "KM527" not in told  # no text about predictors, which nobody reads there
    (converted,) = (act.target.name for act in made.activations if isinstance(act, Convert))
    assert converted == "legacy"
    tag = "v0.7.0"  # its pin, which 0.7 wrote
    assert images(later(done(before, made), target)) == {
        "iris": OVER,
        "legacy": f"{OVER.rpartition(':')[0]}:{tag}",
    }
