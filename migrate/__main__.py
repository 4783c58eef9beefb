"""The door: arguments in, exit code out. Every error that is expected ends here as text."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from migrate import __version__
from migrate.errors import Exit, KmigrateError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run kmigrate and return its exit code (docs/exit-codes.md)."""
    argv = list(sys.argv[1:] if arguments is None else arguments)
    if argv == ["--version"]:  # answered before anything slow is imported
        print(f"kmigrate {__version__}")
        return Exit.OK
    try:
        return _run(argv)
    except KmigrateError as error:
        _complain(error.message, error.hint)
        return error.code
    except KeyboardInterrupt:
        _complain("stopped by Ctrl-C", "kmigrate status shows whether there is a run to go on with")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader has gone; a second failure at interpreter exit would show a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.UNCLASSIFIED


def _run(argv: list[str]) -> int:
    from migrate.cli import app  # noqa: PLC0415 -- keeps --version fast

    try:
        code = app(argv or ["--help"], prog_name="kmigrate", standalone_mode=False)
    except Exception as error:
        # Typer raises usage errors of its own vendored or of the installed click.
        text = getattr(error, "format_message", None)
        if text is None:
            raise
        _complain(text(), _help_for(error))
        return Exit.USAGE
    sys.stdout.flush()
    if code == Exit.INTERRUPTED:
        raise KeyboardInterrupt
    return int(code or Exit.OK)


def _help_for(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    return f"{context.command_path} --help" if context is not None else "kmigrate --help"


def _complain(message: str, hint: str) -> None:
    from migrate.commands.output import screen_of  # noqa: PLC0415 -- keeps --version fast
    from migrate.credentials import hidden_urls  # noqa: PLC0415
    from migrate.objects import printable  # noqa: PLC0415
    from migrate.report.complaint import complaint_lines  # noqa: PLC0415

    shown = hidden_urls(printable(message))
    for line in complaint_lines(shown, hint, screen_of(sys.stderr)):
        print(line, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
