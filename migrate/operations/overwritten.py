"""What somebody else set, and a forced rollback writes over: kept, so that nothing is lost."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import UNSET, UnsetType

from migrate.objects import Json, Manifest, ObjectRef
from migrate.operations.fieldmanagers import Writer
from migrate.operations.model import Edit


class Overwritten(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A field, or with an empty ``path`` a whole object that is deleted.

    ``found`` is what somebody set, ``former`` what is there again afterwards; UNSET means "is not
    there". With ``within`` both are source text, as in an Edit. ``writer`` is None where nothing
    tells who wrote it.
    """

    target: ObjectRef
    path: str = ""
    within: str | None = None
    found: Json | UnsetType = UNSET
    former: Json | UnsetType = UNSET
    writer: Writer | None = None

    @property
    def edit(self) -> Edit | None:
        """Return the edit that writes over it; None where the whole object goes."""
        return Edit(self.path, self.found, self.former, self.within) if self.path else None

    @property
    def argument(self) -> str:
        """What `--force-field` takes for it."""
        return argument(self.target, self.edit)

    @property
    def value(self) -> tuple[str, bytes]:
        """By which the same value is known again, whoever wrote it."""
        plain = msgspec.structs.replace(self, writer=None, former=UNSET)
        return (self.argument, msgspec.json.encode(plain, order="sorted"))


def argument(target: ObjectRef, edit: Edit | None = None) -> str:
    """Return ``KIND/NAMESPACE/NAME:POINTER``, of a whole object without the pointer.

    The pointer leads to what goes back together: an entry of a JSON document, not one of its parts.
    """
    name = "/".join(filter(None, (target.kind, target.namespace, target.name)))
    if edit is None:
        return name
    return f"{name}:{edit.path}{(edit.within or '').rpartition('/')[0]}"


def stripped(manifest: Manifest) -> Manifest:
    """Return the object without what only the API server writes into it."""
    ours = ("managedFields", "resourceVersion", "uid", "generation", "creationTimestamp")
    meta = {key: value for key, value in manifest["metadata"].items() if key not in ours}
    return {**manifest, "metadata": meta}


def values(found: Iterable[Overwritten]) -> frozenset[tuple[str, bytes]]:
    """Return by which these values are known again."""
    return frozenset(one.value for one in found)
