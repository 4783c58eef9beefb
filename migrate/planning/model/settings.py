"""Images, variables and flags wanted of a container, as edits of the runtime that has it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from msgspec import UNSET

from migrate.errors import BlockedError, UsageError
from migrate.objects import Json, Manifest, ObjectRef, pointer, ref_of, value_at
from migrate.operations.model import Edit
from migrate.planning.model.desired import Desired, EnvVar

_SHELL = re.compile(r"(?:.*/)?(?:ba|da|a|k|z)?sh")
_SCRIPT = re.compile(r"-\w*c")
_FLAG = re.compile(r"-\D")


def merged(runtime: ObjectRef, wanted: Sequence[Desired]) -> Desired:
    """Return all that is wanted of a runtime as one. Raise UsageError for contradictions."""
    settings = [(setting, one) for one in wanted for setting in _settings(one)]
    found: dict[str, tuple[str, Desired]] = {}
    for (name, value), one in settings:
        former, by = found.setdefault(name, (value, one))
        if former != value:
            said = f"as {former} by {by} and as {value} by {one}"
            differently = f"differently by {by} and by {one}"  # it may be a credential
            raise UsageError(
                f"{runtime}: its {name} is wanted {said if name == 'image' else differently}",
                "they share that runtime: give one of them",
            )
    env = {variable.name: variable for one in wanted for variable in one.env}
    args = dict.fromkeys(flag for one in wanted for flag in one.args)
    image = found.get("image", ("", None))[0]
    return Desired(runtime=runtime.name, image=image, env=tuple(env.values()), args=tuple(args))


def _settings(one: Desired) -> Iterator[tuple[str, str]]:
    if one.image:
        yield "image", one.image
    yield from ((f"env {variable.name}", variable.value) for variable in one.env)
    yield from ((f"args {flag_of(flag)}", flag) for flag in one.args)


def edits_in(manifest: Manifest, container: str, wanted: Desired) -> tuple[Edit, ...]:
    """Return the edits that give the container of a runtime what is wanted of it.

    What is there already needs none. Raise BlockedError where a flag or a variable cannot be
    set by itself.
    """
    at = pointer("spec", "containers", f"name={container}")
    image = value_at(manifest, f"{at}/image")
    changes = [] if wanted.image in ("", image) else [Edit(f"{at}/image", image, wanted.image)]
    changes += _env(manifest, at, wanted.env)
    changes += _args(manifest, at, wanted.args)
    return tuple(changes)


def _env(manifest: Manifest, at: str, wanted: Sequence[EnvVar]) -> Iterator[Edit]:
    path = f"{at}/env"
    there = value_at(manifest, path)
    if not there:
        items = [msgspec.to_builtins(variable) for variable in wanted]
        yield from [Edit(path, there, items)] if items else ()
        return
    for variable in wanted:
        _refuse_twice(manifest, there, variable.name)
        yield from _variable(there, path, variable)


def _variable(there: Json, path: str, wanted: EnvVar) -> Iterator[Edit]:
    here = pointer(f"name={wanted.name}")
    item = value_at(there, here)
    if item is UNSET or "valueFrom" in item:
        yield Edit(path + here, item, msgspec.to_builtins(wanted))
    elif (item.get("value") or "") != wanted.value:
        yield Edit(f"{path}{here}/value", item.get("value", UNSET), wanted.value)


def _refuse_twice(manifest: Manifest, there: Sequence[Manifest], name: str) -> None:
    if sum(item.get("name") == name for item in there) > 1:
        raise BlockedError(
            f"{ref_of(manifest)}: expected the variable {name} once, found it twice",
            _edit(manifest),
        )


def _args(manifest: Manifest, at: str, wanted: Sequence[str]) -> Iterator[Edit]:
    container, path = value_at(manifest, at), f"{at}/args"
    before = value_at(manifest, path)
    after = with_flags(before or (), wanted)
    if not wanted or after == before:
        return
    words = [*(container.get("command") or ()), *(before or ())]
    if len(words) > 1 and _SHELL.fullmatch(words[0]) and _SCRIPT.fullmatch(words[1]):
        raise BlockedError(
            f"{ref_of(manifest)}: expected flags in its args, found the script of a shell",
            _edit(manifest),
        )
    yield Edit(path, before, after)


def _edit(manifest: Manifest) -> str:
    return f"kubectl edit {manifest['kind']} {manifest['metadata']['name']}"


def with_flags(args: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """Return the arguments with each wanted flag in the place of the same flag, else behind.

    ``--flag=value`` and ``--flag value`` (two arguments) are the same flag. One that is there
    several times is there once afterwards: the last one used to win.
    """
    found = list(args)
    for flag in wanted:
        found = _with_flag(found, flag)
    return found


def _with_flag(args: Sequence[str], flag: str) -> list[str]:
    kept: list[str] = []
    at = rest = 0
    seen = False
    while rest < len(args):
        length = _length(args, rest, flag)
        if length and not seen:
            at, seen = len(kept), True
        kept += () if length else (args[rest],)
        rest += length or 1
    kept.insert(at if seen else len(kept), flag)
    return kept


def _length(args: Sequence[str], at: int, flag: str) -> int:
    """Return how many arguments the flag takes at this place: 0 where another one is.

    The argument behind ``--flag`` is its value where a value is wanted of it; a flag that is
    wanted without one is a switch.
    """
    if flag_of(args[at]) != flag_of(flag):
        return 0
    takes_next = "=" not in args[at] and "=" in flag and at + 1 < len(args)
    return 2 if takes_next and not _FLAG.match(args[at + 1]) else 1


def flag_of(argument: str) -> str:
    """Return the name of a flag, without its value."""
    return argument.partition("=")[0]
