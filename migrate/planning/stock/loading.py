"""Whether a saved model will load after its image has changed.

``LOADING`` (``loadingrules.py``) says which changes of a library keep a model from loading. A
change is judged by what the two images hold: a model that is served under the one before is
taken to have been saved with versions near it. What no image tells, such as the Python a model
was saved with, is not judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import msgspec

from migrate.catalog.servers import Form, Server, server
from migrate.kserve.image import ImageFormatError, parse_image
from migrate.planning.stock.loadingrules import LOADING, Kind, Rule, version

__all__ = ["Break", "Kind", "breaks", "breaks_between", "known", "unknown"]


class Break(msgspec.Struct, frozen=True):
    """What keeps a model from loading, or may.

    ``library`` is its name on PyPI, ``python``, or empty where the servers load different
    things; ``text`` names the versions; ``source`` says where the library tells so.
    """

    kind: Kind
    library: str
    text: str
    source: str = ""


@lru_cache(maxsize=1024)
def known(image: str) -> Server | None:
    """Return what a model server's image holds, None if the image is not known.

    An image with a digest is not: the digest decides what runs, and the tag may say otherwise.
    """
    try:
        reference = parse_image(image)
    except ImageFormatError:
        return None
    return None if reference.digest else server(reference.repository, reference.tag)


def breaks(before: str, after: str, model_format: str = "") -> Iterator[Break]:
    """Yield what may keep a model that runs on image `before` from loading under `after`.

    The worst first, library by library. `model_format` is the name of its ``modelFormat``; it
    matters for servers that load several, such as MLServer. Nothing for an image that is not
    known; ask `known`.
    """
    ours, theirs = known(before), known(after)
    if ours and theirs:
        yield from breaks_between(ours, theirs, model_format)


def breaks_between(before: Server, after: Server, model_format: str = "") -> Iterator[Break]:
    """Yield the same for two servers."""
    forms = _forms(before, after, model_format)
    if not forms:
        yield _nothing_in_common(before, after)
    for group in LOADING:
        yield from _broken(group, before, after, forms)


def unknown(before: Server, after: Server, model_format: str = "") -> tuple[str, ...]:
    """Return the libraries that matter for the model, and whose version is not known of both.

    What they break, `breaks` cannot tell. Nothing for a server that stays as it is.
    """
    if before == after:
        return ()
    forms = _forms(before, after, model_format)
    libraries = (group[0].library for group in LOADING if any(r.forms & forms for r in group))
    return tuple(name for name in libraries if _hidden(name, before, after))


def _forms(before: Server, after: Server, model_format: str) -> frozenset[Form]:
    named = {form for form in before.loads if form == model_format}
    return (frozenset(named) or before.loads) & after.loads


def _nothing_in_common(before: Server, after: Server) -> Break:
    ours, theirs = (", ".join(sorted(each.loads)) for each in (before, after))
    return Break(Kind.BREAKS, "", f"{before} loads {ours}; {after} loads {theirs}")


def _broken(
    group: tuple[Rule, ...], before: Server, after: Server, forms: frozenset[Form]
) -> Iterator[Break]:
    """Yield what one library breaks; what it does not promise only where nothing else is known."""
    library = group[0].library
    if library not in before.versions or library not in after.versions:
        return
    old, new = before.versions[library], after.versions[library]
    matching = [r for r in group if r.forms & forms and r.change(version(old), version(new))]
    for rule in [r for r in matching if r.kind is Kind.BREAKS] or matching[:1]:
        yield Break(rule.kind, library, f"{library} {old} to {new}: {rule.text}", rule.source)


def _hidden(library: str, before: Server, after: Server) -> bool:
    return library not in before.versions or library not in after.versions
