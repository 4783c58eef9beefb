"""Literals that look like credentials: nobody may read them in output."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from migrate.objects import Json

MASK = "(hidden: looks like a credential)"

_NAME = re.compile(
    r"(passw(or)?d|passphrase|pwd|secret|token|credentials?)$|(^|_)(key|secret|password)(_|$)"
    r"|access_?key|api_?key|private_?key"
)
_A_PLACE = re.compile(r"(^|_)(file|path|dir|url|uri|name|id|type|ttl|size|length)$")
_URL = re.compile(r"(?i)^[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@")
_HARMLESS = re.compile(
    r"(?i)(true|false|yes|no|on|off|enabled|disabled|none|null|\d{1,4}|\$\([^)]*\)|\{\{[^{}]*\}\})?"
)
_PASSWORD = re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]+@")
_PARAMETER = re.compile(r"(?<=[?&])([\w.%-]+)=([^&#\s\"']+)")
_SIGNATURE = re.compile(r"(?i)(^|[-_])sig(nature)?$")
_FLAG = re.compile(r"--?([A-Za-z][\w-]*)(?:=(.*))?", re.DOTALL)


def looks_like_credential(name: str, value: str) -> bool:
    """Tell whether a variable or flag of that name holds a credential in plain text.

    By its name, or by a password in a URL. Switches, small numbers and what is taken from
    elsewhere are none, nor is anything whose name says that it is a file or the like.
    """
    if _URL.match(value):
        return True
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()
    if _A_PLACE.search(words) or _HARMLESS.fullmatch(value):
        return False
    return bool(_NAME.search(words))


def hidden_arguments(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with what looks like a credential hidden in them."""
    shown, named = [], ""
    for text in arguments:
        flag = _FLAG.fullmatch(text)
        name, value = (flag[1], flag[2]) if flag else (named, text)
        is_secret = value is not None and bool(name) and looks_like_credential(name, value)
        is_secret = is_secret or (flag is None and looks_like_credential("", text))
        shown.append(_hidden(text, flag) if is_secret else text)
        named = name if flag and value is None else ""
    return shown


def _hidden(text: str, flag: re.Match[str] | None) -> str:
    return f"{text.partition('=')[0]}={MASK}" if flag else MASK


def hidden_urls(text: str) -> str:
    """Return the text with the passwords and signed parameters of all its URLs hidden."""
    if "://" not in text:
        return text
    without = _PASSWORD.sub(rf"\1:{MASK}@", text)
    return _PARAMETER.sub(_hidden_parameter, without)


def _hidden_parameter(found: re.Match[str]) -> str:
    name, value = found[1], found[2]
    is_secret = _SIGNATURE.search(name) or looks_like_credential(name, value)
    return f"{name}={MASK}" if is_secret else found[0]


def hidden_values(value: Json, name: str = "") -> Json:
    """Return a JSON value with what looks like a credential hidden in it, at any depth.

    ``name`` is what the value is called where it stands. Lists of texts are taken for
    arguments, objects with ``name`` and ``value`` for variables.
    """
    if isinstance(value, str):
        is_secret = looks_like_credential(name, value)
        return MASK if is_secret else hidden_urls(hidden_arguments([value])[0])
    if isinstance(value, list):
        return _hidden_items(value, name)
    if isinstance(value, dict):
        called = str(value.get("name", "value"))
        return {k: hidden_values(v, called if k == "value" else k) for k, v in value.items()}
    return value


def _hidden_items(values: list[Json], name: str) -> list[Json]:
    if all(isinstance(each, str) for each in values):
        values = hidden_arguments(values)
    return [hidden_values(each, name) for each in values]


def secret_names(env: Iterable[Mapping[str, object]]) -> list[str]:
    """Return the names of the variables whose literal looks like a credential."""
    pairs = ((str(item.get("name", "")), str(item.get("value") or "")) for item in env)
    return sorted({name for name, value in pairs if value and looks_like_credential(name, value)})


def secret_flags(arguments: Sequence[str]) -> list[str]:
    """Return the flags whose value looks like a credential."""
    pairs = zip(arguments, hidden_arguments(arguments), strict=True)
    return sorted(
        {
            text.partition("=")[0] if "=" in text else "an argument"
            for text, shown in pairs
            if text != shown
        }
    )
