"""What an upgrade took away comes back whole, whatever was set and whoever is there."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.objects import value_at
from migrate.planning.world.changed import carried_out
from migrate.planning.world.worlds import world_of
from tests.planning.converting import (
    MLSERVER,
    REGISTRY,
    SKLEARN,
    blocked,
    old,
    upgraded,
)
from tests.planning.copies import SKLEARN as RUNTIME
from tests.planning.copies import cluster, isvc
from tests.planning.formerly import INTO, UPGRADES, after_upgrade, brought, former_of

IMAGES = st.sampled_from([f"{REGISTRY}/one:1", f"{REGISTRY}/two:2"])


FORMATS = {"sklearn": RUNTIME, "xgboost": "kserve-xgbserver", "lightgbm": "kserve-lgbserver"}


@settings(max_examples=60, deadline=None)
@given(
    upgrade=st.sampled_from(UPGRADES),
    images=st.dictionaries(st.sampled_from(sorted(FORMATS.values())), IMAGES),
    formats=st.lists(st.sampled_from(sorted(FORMATS)), max_size=5),
    own=st.booleans(),
)
def test_what_an_upgrade_only_lost_comes_back_whole(
    upgrade: tuple[str, str], images: dict[str, str], formats: list[str], own: bool
) -> None:
    services = [
        isvc(f"s{at}", one, protocolVersion="v1", namespace=f"team-{at % 2}")
        for at, one in enumerate(formats)
    ]
    before = cluster(upgrade[0], *services, images=images)
    now = after_upgrade(before, upgrade[1])
    made = brought(now, former_of(before), **(INTO if own else {}))
    assert blocked(made) == set()
    after = carried_out(now, made.operations)
    assert after.rules is not None
    world = world_of(after, after.rules)
    for at, format_ in enumerate(formats):
        ref = next(ref for ref in now.services if ref.name == f"s{at}")
        runtime = FORMATS[format_]
        if runtime in images:
            assert world.shared(ref).image == images[runtime]
        else:
            assert world.shared(ref).image == world_of(now, after.rules).shared(ref).image
    if not own:
        for ref, manifest in after.originals.items():
            image = value_at(manifest, "/spec/containers/0/image")
            assert ref.name not in images or image == images[ref.name]
    again = brought(after, former_of(before), **(INTO if own else {}))
    if not own:
        assert not again.has_work


@settings(max_examples=40, deadline=None)
@given(
    release=st.sampled_from(["0.8.0", "0.9.0"]),
    repositories=st.fixed_dictionaries(
        {}, optional={k: st.sampled_from([SKLEARN, MLSERVER]) for k in ("sklearn_v1", "xgboost_v1")}
    ),
    pins=st.lists(st.sampled_from(["v0.7.0", "v0.6.1"]), min_size=1, max_size=4),
)
def test_what_was_set_in_predictors_comes_back_whole(
    release: str, repositories: dict[str, str], pins: list[str]
) -> None:
    services = [
        old(f"{format_}-{at}", format_, runtimeVersion=pin)
        for at, pin in enumerate(pins)
        for format_ in ("sklearn", "xgboost", "lightgbm")
    ]
    before = upgraded("0.7.0", *services, **repositories)
    former = former_of(before)
    now = after_upgrade(before, release)
    made = brought(now, former)
    assert blocked(made) == set()
    for row in made.forecast:
        was = former.by_service[row.service]
        key = f"{row.service.name.partition('-')[0]}_v1"
        assert was.is_set == (key in repositories)
        assert row.after_plan == (was.image if was.is_set else row.after_reconcile)
