"""The table in docs/kserve/servers.md: what each server holds, from the catalog."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator

from migrate.catalog.servers import LOADS, recorded_servers

PAGE = "kserve/servers.md"
TABLE = re.compile(r"(<!-- servers -->\n).*?(<!-- /servers -->)", re.DOTALL)


def with_table(page: str) -> str:
    """Return the page with the table as the catalog is today."""
    return TABLE.sub(lambda found: f"{found[1]}\n{_table()}\n{found[2]}", page)


def _table() -> str:
    head = "| server | loads | tags | Python | libraries |\n|---|---|---|---|---|\n"
    return head + "".join(f"| {' | '.join(cells)} |\n" for cells in _rows())


def _rows() -> Iterator[tuple[str, ...]]:
    for name, tagged in recorded_servers().items():
        loads = ", ".join(sorted(LOADS[name]))
        # A version that only repeats the tag would keep rows apart that are alike.
        held = [(tag, {k: v for k, v in had.items() if k != _own(name)}) for tag, had in
                sorted(tagged.items(), key=lambda item: "-gpu" in item[0])]  # fmt: skip
        for versions, alike in itertools.groupby(held, key=lambda item: item[1]):
            yield name, loads, _span([tag for tag, _ in alike]), *_cells(versions)


def _own(name: str) -> str:
    return name.removesuffix("-kfs")


def _cells(versions: dict[str, str]) -> tuple[str, str]:
    libraries = (f"{name} {found}" for name, found in sorted(versions.items()) if name != "python")
    return versions.get("python", "not known"), ", ".join(libraries) or "not known"


def _span(tags: Iterable[str]) -> str:
    first, *rest = tags
    return f"{first} to {rest[-1]}" if rest else first
