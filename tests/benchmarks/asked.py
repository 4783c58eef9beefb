"""What was asked of the stand-in, told apart by kind and page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from urllib.parse import parse_qs, urlsplit


class Asked:
    """The requests of one run, as ``GET /path?query``."""

    def __init__(self, requests: Iterable[str]) -> None:
        self.requests = [request.partition(" ")[2] for request in requests]

    @property
    def pages(self) -> Counter[tuple[str, str]]:
        """How often each page of each kind was asked for, in whatever namespace."""
        return Counter((_kind(path), _page(path)) for path in self.requests if _is_list(path))

    @property
    def lists(self) -> Counter[str]:
        """How many pages of each kind were asked for."""
        return Counter(_kind(path) for path in self.requests if _is_list(path))

    @property
    def others(self) -> list[str]:
        """What is no list, and the first page of each list: the same for few and for many."""
        return sorted(path for path in self.requests if _page(path) == "0")


def _kind(path: str) -> str:
    parts = urlsplit(path).path.strip("/").split("/")
    root = 3 if parts[0] == "apis" else 2
    group = f".{parts[1]}" if root == 3 else ""
    return parts[-1] + group


def _page(path: str) -> str:
    return parse_qs(urlsplit(path).query).get("continue", ["0"])[0]


def _is_list(path: str) -> bool:
    return "limit" in parse_qs(urlsplit(path).query)
