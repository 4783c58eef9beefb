"""Where the wanted images are told by what was, before an upgrade: the part of the options."""

from __future__ import annotations

from typing import Final

import msgspec

CHECKPOINT: Final = "checkpoint"
FILE: Final = "file"
HISTORY: Final = "history"
"""How a source begins; the first two have a name behind it."""


class FormerOf(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename="camel"
):
    """Where the wanted images are told by what was.

    ``source`` is ``checkpoint NAME``, ``file PATH`` or ``history``; ``release`` is the former one
    where it was told, X.Y.Z. ``with_stock``: what that release shipped is wanted as well.
    ``reads_helm``: Helm's records may be read. ``predictors`` are those of the images, as `--set`
    spells them, that are meant for `predictors` alone: they and the images are made with the plan.
    """

    source: str
    release: str = ""
    with_stock: bool = False
    reads_helm: bool = False
    predictors: tuple[str, ...] = ()

    @property
    def spelled(self) -> str:
        """How it is asked for, by its flag."""
        name = self.source.partition(" ")[2]
        return f"--from-checkpoint {name}" if name else "--from-history"

    @property
    def asked(self) -> FormerOf:
        """What was asked for, without what was made of it."""
        return msgspec.structs.replace(self, predictors=())
