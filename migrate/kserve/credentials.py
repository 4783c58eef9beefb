"""Literals that look like credentials: nobody may read them in output."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

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


def secret_names(env: Iterable[dict[str, object]]) -> list[str]:
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
