"""Write what is generated: the help of each verb, the table of servers, the JSON Schemas.

The help is as an 80-column terminal shows it.

``python -m docs.generate`` writes; with ``--check`` it only tells what is stale.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from docs import schemas
from docs.servers import PAGE, with_table

VERBS = ("plan", "apply", "rollback", "status", "checkpoint", "explain", "check")
HERE = Path(__file__).parent
HELP = re.compile(r"(<!-- help -->\n```console\n).*?(\n```\n<!-- /help -->)", re.DOTALL)


def help_of(verb: str) -> str:
    """Return what `kmigrate VERB --help` prints."""
    environment = {**os.environ, "COLUMNS": "80", "TERMINAL_WIDTH": "80", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "migrate", verb, "--help"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603
    lines = [line.rstrip() for line in done.stdout.strip().splitlines()]
    return "\n".join([f"$ kmigrate {verb} --help", *lines])


def generated(verb: str, page: str) -> str:
    """Return the page with its help as it is today."""
    return HELP.sub(lambda found: found[1] + help_of(verb) + found[2], page)


def pages() -> dict[str, Callable[[str], str]]:
    """Return what writes the generated part of each page."""
    return {f"{verb}.md": partial(generated, verb) for verb in VERBS} | {PAGE: with_table}


def fresh() -> dict[Path, str]:
    """Return every file that is generated, in whole or in part, as it should be."""
    texts = {
        HERE / name: write((HERE / name).read_text(encoding="utf-8"))
        for name, write in pages().items()
    }
    return {**texts, **schemas.files()}


def _is_stale(path: Path, text: str) -> bool:
    return not path.exists() or path.read_text(encoding="utf-8") != text


def main() -> int:
    """Write what is stale; with --check only say so, and return 1."""
    stale = {path: text for path, text in fresh().items() if _is_stale(path, text)}
    if "--check" not in sys.argv:
        for path, text in stale.items():
            path.write_text(text, encoding="utf-8")
    names = ", ".join(path.name for path in stale)
    print(f"stale: {names}" if stale else "docs are up to date")
    return int(bool(stale) and "--check" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
