"""The services of a snapshot under its configuration, where that can be read."""

from __future__ import annotations

from migrate.errors import BlockedError
from migrate.kserve import terms
from migrate.kserve.config import ConfigError
from migrate.kserve.predictors import PredictorsError
from migrate.kserve.rules import Rules
from migrate.objects import Manifest, ref_of
from migrate.planning.world.forecast import World, configured
from migrate.planning.world.snapshot import Snapshot


def world_of(snapshot: Snapshot, rules: Rules) -> World:
    """Return the services of the snapshot under its configuration.

    Raise BlockedError (PredictorsError) where it cannot be decoded.
    """
    config = snapshot.config
    try:
        if rules.predictors_read:
            text_of(config)
        world = configured(snapshot, rules)
        if isinstance(world.config.predictors, PredictorsError):
            raise world.config.predictors
    except (PredictorsError, ConfigError) as error:
        fails = "; KServe cannot read it either, and reconciles no service"
        raise BlockedError(
            f"{ref_of(config)}: {error.message}{fails if error.fault.go_fails else ''}",
            f"kubectl edit configmap -n {snapshot.namespace} {terms.CONFIG_MAP}",
        ) from error
    return world


def text_of(config: Manifest) -> str:
    """Return `predictors` of a ConfigMap. Raise BlockedError where it has none."""
    value = (config.get("data") or {}).get(terms.PREDICTORS_KEY)
    if value is None:
        raise BlockedError(
            f"{ref_of(config)}: expected a key predictors in its data, found "
            + (", ".join(sorted(config.get("data") or {})) or "none"),
            "KServe up to 0.9 cannot work without it: put it back from the release's manifest",
        )
    return str(value)
