"""Checkpoints from their text, wherever it lies."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from migrate.cluster.decoding import decoded
from migrate.errors import BlockedError
from migrate.kserve import terms
from migrate.kserve.services import InferenceService
from migrate.kserve.shapes import Services
from migrate.planning.model.checkpoint import FORMAT, Checkpoint, Contents
from migrate.planning.model.checkpointtext import contents_in, rest_in, services_in

Text = Callable[[], Iterator[bytes]]
"""Reads the lines of a checkpoint, from the first on each time: none is held for long."""

OTHERS = "take another copy, or one in the cluster: kmigrate status lists them"
"""What there is beside a file that is no checkpoint."""


class _Form(msgspec.Struct):
    """What tells whether the rest can be read."""

    kind: str
    format: int = 0
    version: str = "(unknown)"


def whole(text: Text, what: str) -> Checkpoint:
    """Return a checkpoint; ``what`` is what a person calls it. Raise as ``contents``."""
    # Before the services, since it tells whether they can be read.
    rest = contents(text, what)
    return Checkpoint(**msgspec.structs.asdict(rest), services=Services(_services(text, what)))


def contents(text: Text, what: str) -> Contents:
    """Return all of a checkpoint but its services; ``what`` is what a person calls it.

    Raise BlockedError where it is none, or a newer kmigrate wrote it, and what ``text`` raises.
    """
    rest = rest_in(text())
    try:
        form = msgspec.json.decode(rest, type=_Form)
        if form.kind != Checkpoint.__name__:
            raise BlockedError(f"{what}: expected a Checkpoint, found a {form.kind}", OTHERS)
        refuse_newer(form.format, form.version, what)
        return contents_in(rest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _broken(what, error) from error


def _services(text: Text, what: str) -> Iterator[InferenceService]:
    try:
        for raw in services_in(text()):
            yield decoded(raw, f"{what}: {terms.INFERENCE_SERVICE}", InferenceService)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _broken(what, error) from error


def _broken(what: str, error: Exception) -> BlockedError:
    return BlockedError(f"{what}: expected a checkpoint, found: {error}", OTHERS)


def refuse_newer(found: int, version: str, what: str) -> None:
    """Raise BlockedError where a checkpoint is of a newer format; ``version`` wrote it."""
    if found > FORMAT:
        raise BlockedError(
            f"{what}: expected a checkpoint of format {FORMAT}, found format {found}, "
            f"written by kmigrate {version}",
            f"use kmigrate {version} or a newer one",
        )
