"""Variables whose literal value looks like a credential: nobody may read them in output."""

from __future__ import annotations

import re

MASK = "(hidden: looks like a credential)"

_NAME = re.compile(
    r"(?i)(^|_)(passw(or)?d|passwd|pwd|secret|token|api_?key|access_?key(_id)?|private_?key|"
    r"credentials?|auth)($|_)"
)
_URL = re.compile(r"(?i)^[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s@]+@")
_HARMLESS = re.compile(r"(?i)^(true|false|\d{1,4}|none|null|)$|^(/[^\s]*)$|^\$\(|\{\{")


def looks_like_credential(name: str, value: str) -> bool:
    """Tell whether a variable of that name holds a credential in plain text.

    By its name, or by a user and password in a URL. Switches, numbers, paths and
    placeholders are none.
    """
    if _URL.match(value):
        return True
    return bool(_NAME.search(name)) and not _HARMLESS.search(value)
