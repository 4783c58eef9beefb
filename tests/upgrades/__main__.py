"""The long way on real controllers, written into docs/upgrades.md: ``python -m tests.upgrades``.

Containers are simulated, and so is Knative: KServe's decision is read from what it writes.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tests.testbed.cache import say
from tests.testbed.kserve import KServe
from tests.upgrades.field import Field
from tests.upgrades.tables import by_service, counts, images_of
from tests.upgrades.walk import WAY
from tests.upgrades.walking import Passed, walk

PAGE = Path(__file__).parents[2] / "docs/upgrades.md"


def main() -> int:
    """Go the way, and write the tables."""
    passed = without()
    _write("without", "\n\n".join([counts(passed), by_service(passed)]))
    _write("images", images_of(passed))
    return 0


def without() -> list[Passed]:
    """Upgrade all the way, without kmigrate."""
    passed = []
    with KServe(WAY[0].release) as kserve:
        for one in walk(Field(kserve), WAY):
            say(f"{one.origin} to {one.release}: {len(one.before)} services")
            passed.append(one)
    return passed


def _write(name: str, text: str) -> None:
    marks = f"<!-- {name} -->", f"<!-- /{name} -->"
    page = PAGE.read_text(encoding="utf-8")
    part = re.compile(f"({re.escape(marks[0])}\n).*?({re.escape(marks[1])})", re.DOTALL)
    PAGE.write_text(part.sub(lambda found: f"{found[1]}{text}\n{found[2]}", page), encoding="utf-8")
    say(f"{name}: written to {PAGE.name}")


if __name__ == "__main__":
    sys.exit(main())
