"""What an owner of an object is, and the marks on an object that tell of one.

Values of a wrong type count as not there: objects come from people's files too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import msgspec

from migrate.objects import Json, Manifest, printable, value_at
from migrate.operations.fieldmanagers import managed_by


class Owner(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Who takes a foreign edit of an object back.

    ``kind`` is the program ("Argo CD", "Flux", "Helm", "OpenDataHub operator"), or the kind of
    a controlling object followed by "controller". ``name`` is its application, Kustomization,
    HelmRelease or release (``namespace/name`` where the namespace is known) or the controlling
    object; empty where only a field manager gives the owner away. ``evidence`` is what told
    so, ``reverts`` when an edit is taken back, ``remedy`` what to do instead: a line each.
    ``will_revert`` is False where the object itself says that its owner is to leave it alone.
    """

    kind: str
    name: str
    evidence: str
    reverts: str
    remedy: str
    will_revert: bool = True

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".rstrip()


class Reference(msgspec.Struct, frozen=True):
    """One of ``ownerReferences``."""

    api_version: str
    kind: str
    name: str
    is_controller: bool

    @property
    def group(self) -> str:
        """The group of its kind."""
        return _group(self.api_version)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Marks(msgspec.Struct, frozen=True):
    """What owners write on an object, and what it is.

    ``managers`` are the field managers and their operations; those that wrote the status
    alone are left out.
    """

    api_version: str
    kind: str
    name: str
    namespace: str
    labels: dict[str, str]
    annotations: dict[str, str]
    references: tuple[Reference, ...]
    managers: frozenset[tuple[str, str]]

    @property
    def group(self) -> str:
        """The group of its kind; empty for the core kinds."""
        return _group(self.api_version)

    @property
    def is_custom(self) -> bool:
        """Whether its kind comes from a CustomResourceDefinition."""
        return "." in self.group and not self.group.endswith(".k8s.io")


Rule: TypeAlias = Callable[[Marks], Owner | None]
"""Recognises one owner."""


def marks_of(manifest: Manifest) -> Marks:
    """Return the marks of an object, printable."""
    return Marks(
        _text(manifest, "/apiVersion"),
        _text(manifest, "/kind"),
        _text(manifest, "/metadata/name"),
        _text(manifest, "/metadata/namespace"),
        _texts(value_at(manifest, "/metadata/labels")),
        _texts(value_at(manifest, "/metadata/annotations")),
        tuple(_references(value_at(manifest, "/metadata/ownerReferences"))),
        frozenset(
            (printable(each.writer.manager), each.writer.operation)
            for each in managed_by(manifest)
            if not each.subresource
        ),
    )


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]


def _text(value: Json, path: str) -> str:
    found = value_at(value, path)
    return printable(found) if isinstance(found, str) else ""


def _texts(value: Json) -> dict[str, str]:
    pairs = value.items() if isinstance(value, dict) else ()
    return {key: printable(text) for key, text in pairs if isinstance(text, str)}


def _references(value: Json) -> Iterator[Reference]:
    for each in value if isinstance(value, list) else ():
        version, kind, name = (_text(each, path) for path in ("/apiVersion", "/kind", "/name"))
        if kind and name:
            yield Reference(version, kind, name, value_at(each, "/controller") is True)
