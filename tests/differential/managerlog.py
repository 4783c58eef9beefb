"""What the KServe manager wrote into its log since a moment."""

import json
import re
from pathlib import Path

from tests.testbed.kserve import KServe

# The controller works on a copy that is not the newest: it tries again, and then it is.
_STALE = re.compile("object has been modified|already exists")
_PANIC = re.compile(r"^(panic|fatal error|runtime error|http: panic serving).*", re.MULTILINE)
_PANIC_LINES = 12


class ManagerLog:
    """The log of the manager that runs now, from here on."""

    def __init__(self, kserve: KServe) -> None:
        process = kserve.kubelet.process if kserve.kubelet else None
        if process is None:
            raise RuntimeError("no manager was ever started")
        self._path: Path = process.log
        self._mark = self._path.stat().st_size

    def errors(self) -> dict[str, str]:
        """The last error with which the reconciling of each service ended, by namespace/name."""
        found: dict[str, str] = {}
        for line in self._text().splitlines():
            if '"Reconciler error"' in line and line.startswith("{"):
                entry = json.loads(line)
                found[f"{entry.get('namespace')}/{entry.get('name')}"] = str(entry.get("error"))
        return found

    def has_stale_errors(self) -> bool:
        """Whether some service will be tried again, most likely with another outcome."""
        return any(is_stale(error) for error in self.errors().values())

    def panic(self) -> str:
        """The first lines of the first panic, empty if there is none."""
        text = self._text()
        found = _PANIC.search(text)
        return "\n".join(text[found.start() :].splitlines()[:_PANIC_LINES]) if found else ""

    def _text(self) -> str:
        with self._path.open("rb") as log:
            log.seek(self._mark)
            return log.read().decode(errors="replace")


def is_stale(error: str) -> bool:
    """Whether an error says no more than that the controller's copy was not the newest."""
    return bool(_STALE.search(error))
