"""Writing a plan to a folder for Git, whole or not at all: `plan --render`."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from migrate.errors import UsageError
from migrate.objects import Json, count
from migrate.planning.change.rendering import Files, refusals, render
from migrate.planning.model.desired import Options
from migrate.planning.model.plan import Plan
from migrate.planning.world.snapshot import Snapshot
from migrate.report.rendered import readme, warnings
from migrate.report.renderedupgrade import upgrade_readme

_FIRST = ("apiVersion", "kind", "metadata", "name", "op", "path", "target")
# What YAML 1.1 or kubectl reads as something else than text begins like a number or is a word.
_AMBIGUOUS = re.compile(r"[-+.0-9].*|y|n|yes|no|on|off|true|false|null|~|", re.IGNORECASE)
# A text that is broken at blanks is hard to compare.
_ENDLESS = 1_000_000
# Further lines of a block are indented behind these as well; kubectl reads the blanks as text.
_ODD_BREAKS = re.compile("[\x85\u2028\u2029]")


def refuse_folder(folder: Path, options: Options) -> None:
    """Raise UsageError where nothing is asked for, or something is there already."""
    if not options.asks:
        raise UsageError("--render: nothing asked for: give --set or -f", "kmigrate plan --help")
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise UsageError(f"--render {folder}: expected a new folder, found something else")
    if folder.is_dir() and any(folder.iterdir()):
        raise UsageError(
            f"--render {folder}: expected a new or an empty folder, found files in it",
            f"name another, or take it away first: rm -r {folder}",
        )


def render_plan(plan: Plan, snapshot: Snapshot, folder: Path) -> bool:
    """Write the plan's folder and say so; return False, and say why, where it is blocked.

    Raise UsageError where it cannot be written, BlockedError for a name that no file can have.
    """
    if found := refusals(plan):
        codes = ", ".join(sorted({finding.code for finding in found}))
        print(f"--render: nothing written, the plan is blocked by {codes}", file=sys.stderr)
        return False
    if not plan.operations:
        print("--render: nothing written, there is nothing to change", file=sys.stderr)
        return True
    rendering = render(plan, snapshot)
    texts = {name: as_yaml(document) for name, document in rendering.files.items()}
    told = upgrade_readme if plan.target else readme
    _write({**texts, "README.md": told(plan, rendering)}, folder)
    for line in warnings(rendering):
        print(f"warning: {line}", file=sys.stderr)
    files = count(len(texts) + 1, "file")
    print(f"rendered: {folder}, {files}; next: read {folder / 'README.md'}", file=sys.stderr)
    return True


def _write(texts: Files, folder: Path) -> None:
    """Write beside the folder, then rename: a name that is there has everything."""
    beside = None
    try:
        beside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        # The one above is for its owner alone; this one is as the umask says.
        whole = beside / "whole"
        for name, text in texts.items():
            file = whole / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
        whole.rename(folder)
    except OSError as error:
        raise UsageError(f"--render {folder}: {error.strerror}") from error
    finally:
        if beside is not None:
            shutil.rmtree(beside, ignore_errors=True)


class _Dumper(yaml.SafeDumper):
    """Block style, each document laid out alike, and text that every reader takes for text."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401 -- as PyYAML declares it
        del data
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = "'" if _AMBIGUOUS.fullmatch(text) else None
    if "\n" in text:
        style = '"' if _ODD_BREAKS.search(text) else "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _fields(dumper: _Dumper, fields: dict[str, Json]) -> yaml.MappingNode:
    order = sorted(fields, key=lambda key: (_FIRST.index(key) if key in _FIRST else 99, key))
    return dumper.represent_mapping(
        "tag:yaml.org,2002:map", [(key, fields[key]) for key in order], flow_style=False
    )


_Dumper.add_representer(str, _text)
_Dumper.add_representer(dict, _fields)


def as_yaml(document: Json) -> str:
    """Return a document as people write it: equal documents give equal text."""
    return yaml.dump(document, Dumper=_Dumper, allow_unicode=True, width=_ENDLESS)
