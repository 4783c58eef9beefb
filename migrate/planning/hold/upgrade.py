"""A cluster at the moments of an upgrade: now, after it, and once each service was written.

KServe converts nothing by itself. A service that 0.7 stored stays in the framework form until it is
written, and then its webhook gives it the ``model`` form (``inference_service_defaults.go``, 0.8 to
0.20).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from migrate.errors import BlockedError, UsageError
from migrate.kserve.admission import admitted
from migrate.kserve.config import Config
from migrate.kserve.releases import Release, parse_release
from migrate.kserve.shapes import Services
from migrate.planning.model.desired import Options
from migrate.planning.stock.upgraded import is_shipped, kept, upgraded
from migrate.planning.world.forecast import World
from migrate.planning.world.snapshot import Snapshot
from migrate.planning.world.worlds import world_of


@dataclass(frozen=True)
class Upgrade:
    """The worlds of an upgrade to ``release``, without anything that a plan makes.

    ``after`` is the one that the released manifests leave, with every service as it is stored now.
    ``kept`` is the same with `predictors` as it is now; None where the release cannot read that.
    ``written`` is the one with each service written since, and ``snapshot`` what that is made of.
    """

    release: Release
    now: World
    after: World
    kept: World | None
    written: World
    snapshot: Snapshot


def upgrade_of(snapshot: Snapshot, now: World, options: Options) -> Upgrade:
    """Return what an upgrade to the release of the options does to the cluster.

    Raise UsageError where it is none that can be planned for from here.
    """
    release = parse_release(options.target or "")
    _refuse(now, release, options)
    later = upgraded(snapshot, release)
    assert later.rules is not None
    after = world_of(later, later.rules)
    written = replace(later, services=_written(now, after.config))
    return Upgrade(
        release,
        now,
        after,
        _kept(snapshot, release),
        World(after.config, written.services),
        written,
    )


def _written(now: World, config: Config) -> Services:
    return now.services.changed(admitted(now.services[ref], config) for ref in now.services)


def _kept(snapshot: Snapshot, release: Release) -> World | None:
    found = kept(snapshot, release)
    assert found.rules is not None
    try:
        return world_of(found, found.rules) if found.rules.predictors_read else None
    except BlockedError:
        return None


def _refuse(now: World, release: Release, options: Options) -> None:
    """Raise UsageError for a cluster with runtimes, a release without, and flags without effect."""
    if now.rules.knows_model:
        raise UsageError(
            f"--target {release}: KServe {now.rules.name} has runtimes, and copies are made of "
            "those that are there",
            f"kmigrate plan --target {release} says what must come before the upgrade; "
            f"kmigrate check --target {release} tells what would be wrong after it",
        )
    if not is_shipped(release):
        raise UsageError(
            f"--target {release}: expected a release with runtimes, of which is known what it "
            "ships",
            "0.8.0 or 0.9.0: they still give services made under 0.7 an image; "
            "later ones up to 0.20.0 do not, until they are written",
        )
    given = [flag for flag, is_given in _without_effect(options) if is_given]
    if given:
        raise UsageError(
            f"{given[0]} does not go with --target: before the upgrade nothing is written",
            "leave it out; kmigrate plan --to-runtimes --convert comes after the upgrade",
        )


def _without_effect(options: Options) -> tuple[tuple[str, bool], ...]:
    plain = Options()
    fields = (
        *("scope", "convert", "repin", "activate", "wave_size", "pause", "canary"),
        *("max_unavailable", "take_ownership", "max_restarts", "max_namespaces"),
    )
    return tuple(
        (f"--{name.replace('_', '-')}", getattr(options, name) != getattr(plain, name))
        for name in fields
    )
