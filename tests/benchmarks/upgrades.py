"""What checkpoints and upgrades cost: the tables of docs/checkpoint.md and docs/check.md.

``python -m tests.benchmarks.upgrades --sizes 10000,50000 --runs 3``
"""

from __future__ import annotations

import argparse
import gzip
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import commands
from tests.benchmarks.measuring import Figures, rounds
from tests.benchmarks.serving import Serving, serving


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10000,50000")
    parser.add_argument("--runs", type=int, default=3)
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        python = commands.interpreter(Path(folder) / "python")
        for size in map(int, flags.sizes.split(",")):
            with serving(size) as server:
                print("\n".join(_measured(size, server, python, flags.runs)), flush=True)
    return 0


def _measured(size: int, server: Serving, python: str, runs: int) -> list[str]:
    saved = server.folder / "checkpoint.json.gz"
    chosen = commands.upgrading(python, server.kubeconfig, saved)
    errors = server.folder / "stderr"

    def anew() -> None:
        saved.unlink(missing_ok=True)
        server.undo()

    first = rounds(chosen[:1], {chosen[0].name: runs}, errors, before=anew)
    found = first | rounds(chosen[1:], dict.fromkeys([c.name for c in chosen[1:]], runs), errors)
    packed, text = saved.stat().st_size, len(gzip.decompress(saved.read_bytes()))
    sizes = f"the file {packed / 1e6:.1f} MB, as JSON {text / 1e6:.1f} MB"
    return [f"| {size:,} services: {sizes} | CPU | clock | memory |", "|---|---|---|---|"] + [
        _row(name, each) for name, each in found.items()
    ]


def _row(name: str, found: Figures) -> str:
    return f"| `kmigrate {name}` | {found.cpu:.1f} s | {found.wall:.1f} s | {found.memory:.0f} MB |"


if __name__ == "__main__":
    sys.exit(main())
