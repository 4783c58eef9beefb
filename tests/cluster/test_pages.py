"""Pages into one list: no object twice, none lost, and an end."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from migrate.cluster.answers import ListMeta
from migrate.cluster.pages import EXPIRIES, Page, every_item
from migrate.errors import ExpiredError, NotFoundError, UnreachableError
from tests.cluster.manifests import config_map


class Named(msgspec.Struct):
    name: str


class Placed(Named):
    namespace: str


class Item(msgspec.Struct):
    metadata: Any


class Expiry(msgspec.Struct):
    """In place of a page: 410 with this token."""

    token: str = ""


Read = Callable[[str], Page[Any]]


def reader(*script: tuple[str, Any]) -> Read:
    """Return what gives these answers in turn, each to a request with that token."""
    left = list(script)

    def read(token: str) -> Page[Any]:
        expected, answer = left.pop(0)
        assert token == expected
        if isinstance(answer, Expiry):
            error = ExpiredError("forgotten")
            error.token = answer.token
            raise error
        if isinstance(answer, Exception):
            raise answer
        page: Page[Any] = answer
        return page

    return read


def page(names: str, token: str = "") -> Page[Any]:
    return Page([Item(Named(name)) for name in names], ListMeta(token))


def names(read: Read) -> str:
    return "".join(item.metadata.name for item in every_item(read, "list things"))


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ([("", page(""))], ""),
        ([("", Page(None))], ""),
        ([("", page("ab"))], "ab"),
        ([("", page("ab", "1")), ("1", page("", "2")), ("2", page("c"))], "abc"),
        ([("", page("ab", "1")), ("1", page("bc", "2")), ("2", page("acd"))], "abcd"),
        ([("", page("aab", "1")), ("1", page("cc"))], "abc"),
        # In a newer state from the same place.
        ([("", page("ab", "1")), ("1", Expiry("n")), ("n", page("cd"))], "abcd"),
        # From the beginning: b is gone, aa is new; tokens may be the same ones.
        (
            [
                ("", page("ab", "1")),
                ("1", page("cd", "2")),
                ("2", Expiry()),
                ("", page("ax", "1")),
                ("1", page("cd", "2")),
                ("2", page("e")),
            ],
            "abcdxe",
        ),
        # The token that did not work is of no use once more.
        ([("", page("a", "1")), ("1", Expiry("1")), ("", page("ab"))], "ab"),
    ],
)
def test_each_object_comes_once(script: list[tuple[str, Any]], expected: str) -> None:
    assert names(reader(*script)) == expected


def test_one_name_in_two_namespaces_is_two_objects() -> None:
    first = Page([Item(Placed("a", "x")), Item(Placed("a", "y"))], ListMeta("1"))
    second = Page([Item(Placed("a", "z")), Item(Placed("a", "x"))])
    found = every_item(reader(("", first), ("1", second)), "list things")
    assert [item.metadata.namespace for item in found] == ["x", "y", "z"]


def test_manifests_are_known_by_their_names_too() -> None:
    one, two = config_map("a", "x"), config_map("a", "y")
    read = reader(("", Page([one, two], ListMeta("1"))), ("1", Page([{**one, "data": {}}])))
    assert list(every_item(read, "list things")) == [one, two]


def test_pages_are_read_when_they_are_needed() -> None:
    found = every_item(reader(("", page("ab", "1"))), "list things")
    assert [next(found).metadata.name for _ in range(2)] == ["a", "b"]


def forgetful() -> Iterator[tuple[str, Any]]:
    for _ in range(EXPIRIES + 1):
        yield "", page("a", "1")
        yield "1", Expiry()


@pytest.mark.parametrize(
    ("script", "error", "words"),
    [
        (forgetful(), ExpiredError, "forgotten"),
        ([("", page("a", "1")), ("1", page("b", "1"))], UnreachableError, "a former one"),
        (
            [("", page("a", "1")), ("1", page("b", "2")), ("2", page("c", "1"))],
            UnreachableError,
            "list things: expected a token of the next page, found a former one",
        ),
        (
            [("", page("a", "1")), ("1", NotFoundError("no kind"))],
            UnreachableError,
            "list things: expected a further page, found none: no kind",
        ),
        (
            [("", page("a", "1")), ("1", Expiry()), ("", NotFoundError("no kind"))],
            UnreachableError,
            "expected a further page",
        ),
        ([("", NotFoundError("no kind"))], NotFoundError, "no kind"),
    ],
)
def test_a_list_that_cannot_be_whole_is_refused(
    script: list[tuple[str, Any]], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        names(reader(*script))
