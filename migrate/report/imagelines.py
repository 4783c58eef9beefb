"""The images that are set globally, for a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate.objects import count
from migrate.planning.model.plan import ImageRow, Reach
from migrate.report.lines import WIDTH, names, wrapped

ENTRY = 33
"""Columns for the name of what sets an image; longer ones push their image to the right."""


def image_lines(rows: Sequence[ImageRow], *, is_asked: bool) -> Iterator[str]:
    """Yield what is wanted, and overrides; all that is set where nothing is asked for."""
    shown = [row for row in rows if row.wanted or not row.is_stock or not is_asked]
    if rows:
        yield from ("", "Images set globally:")
    width = min(ENTRY, max((len(row.entry) for row in shown), default=0))
    for row in shown:
        yield from _image(row, width)
    if others := len(rows) - len(shown):
        yield f"  {count(others, 'stock one')} not shown"


def _image(row: ImageRow, width: int) -> Iterator[str]:
    image = row.image or "(none)"
    line = f"  {row.entry:<{width}} {image}"
    yield from [line] if len(line) <= WIDTH else (f"  {row.entry}", f"  {'':<{width}} {image}")
    if not row.is_stock:
        yield from wrapped(f"  {'':<{width}} {override(row)}")
    if row.wanted and row.wanted != row.image:
        yield f"  {'':<{width}} -> {row.wanted}"


def override(row: ImageRow) -> str:
    """Return what an override reaches, and what would be there without it."""
    reach = [f"{count(len(row.services), 'InferenceService')}"] if row.services else []
    if row.missed:
        what = "pinned in" if row.verdict is Reach.UNTAGGED else "not for"
        reach.append(f"{what} {names(row.missed)}")
    told = f"{row.verdict.value}{': ' if reach else ''}{', '.join(reach)}" if row.verdict else ""
    return f"override, {told}; stock is {row.stock or 'none'}"
