"""Data on stdout; everything else goes to stderr. What a person reads fits the terminal."""

from __future__ import annotations

import locale
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

import msgspec

from migrate.commands.flags import Output
from migrate.errors import KmigrateError
from migrate.objects import CONTROL, Json, canonical
from migrate.report.lines import WIDTH, Screen, drawn

ON_PIPE = "a pipe shows all"
"""Where the rest is, of what has no wide form."""


def screen_of(stream: TextIO, rest: str = "") -> Screen:
    """Return how lines are shown there: cut and in colours for a terminal alone.

    ``rest`` says where all lines are. COLUMNS sets the width, as it does for other programs.
    """
    width = max(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)
    is_terminal = stream is not None and stream.isatty()
    shown = {"rest": rest} if rest else {}
    return Screen(width, is_terminal, _has_colour(is_terminal=is_terminal), **shown)


def _has_colour(*, is_terminal: bool) -> bool:
    """NO_COLOR comes first, then FORCE_COLOR, for a pager; empty ones count as not set."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (is_terminal and os.environ.get("TERM") != "dumb")


def open_stdout() -> TextIO:
    """Return stdout. Raise KmigrateError where it is closed."""
    if sys.stdout is None:
        raise KmigrateError("standard output: expected a place to write to, found it closed")
    return sys.stdout


def _write(data: bytes) -> None:
    """Write to stdout.

    Raise KmigrateError where it takes nothing. A reader that has gone is a BrokenPipeError.
    """
    stdout = open_stdout()
    try:
        stdout.buffer.write(data)
        stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise KmigrateError(f"standard output: {error.strerror}") from error


def emit_lines(lines: Iterable[str], screen: Screen | None = None) -> None:
    """Write lines for people to stdout, in the characters that the locale has."""
    shown = screen or screen_of(sys.stdout)
    text = "".join(f"{drawn(line, shown)}\n" for line in lines)
    _write(text.encode(_encoding(sys.stdout), "backslashreplace"))


def tell_lines(lines: Iterable[str], screen: Screen | None = None) -> None:
    """Write lines for people to stderr."""
    shown = screen or screen_of(sys.stderr, ON_PIPE)
    sys.stderr.write("".join(f"{drawn(line, shown)}\n" for line in lines))
    sys.stderr.flush()


def _encoding(stream: TextIO) -> str:
    """Return the encoding that was asked for, else the one of the locale.

    Python takes UTF-8 in the C locale; a terminal that is set to it may not.
    """
    is_asked = os.environ.get("PYTHONIOENCODING") or os.environ.get("PYTHONUTF8") == "1"
    return stream.encoding if is_asked else locale.getencoding()


def emit(text: str) -> None:
    """Write JSON or YAML to stdout, in UTF-8 whatever the locale: programs read it.

    In both a character that terminals obey can be written as an escape.
    """
    clean = CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    _write(clean.encode())


def emit_document(document: Json, form: Output) -> None:
    """Write a document as JSON or YAML."""
    if form is Output.JSON:
        emit(msgspec.json.format(canonical(document), indent=2).decode() + "\n")
    else:
        _emit_yaml([document], is_marked=False)


def emit_documents(documents: Sequence[Json]) -> None:
    """Write several documents as one YAML stream."""
    _emit_yaml(documents, is_marked=True)


def _emit_yaml(documents: Sequence[Json], *, is_marked: bool) -> None:
    import yaml  # noqa: PLC0415 -- slow to import, and seldom asked for

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    plain = msgspec.to_builtins(documents)
    text = yaml.dump_all(
        plain, Dumper=dumper, sort_keys=False, allow_unicode=True, explicit_start=is_marked
    )
    emit(text)
