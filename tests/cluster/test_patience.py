"""Reading again: when, how often, after which pauses."""

from collections.abc import Callable

import pytest

from migrate.cluster.patience import PATIENCE, TRIES, patiently
from migrate.errors import ConflictError, UnreachableError


def failing(times: int, *, is_passing: bool = True, retry_after: float = 0.0) -> Callable[[], str]:
    """Return a read that fails so many times."""
    left = [times]

    def read() -> str:
        if not left[0]:
            return "answer"
        left[0] -= 1
        error = UnreachableError("down")
        error.is_passing, error.retry_after = is_passing, retry_after
        raise error

    return read


@pytest.mark.parametrize(
    ("retry_after", "expected"),
    [(0.0, [0.2, 0.4, 0.8, 1.6]), (1.0, [1.0, 1.0, 1.0, 1.6]), (15.0, [15.0] * 4)],
)
def test_pauses_grow_and_are_no_shorter_than_asked(
    retry_after: float, expected: list[float]
) -> None:
    pauses: list[float] = []
    read = failing(TRIES - 1, retry_after=retry_after)
    assert patiently(read, pauses.append) == "answer"
    assert pauses == pytest.approx(expected)


def test_five_tries_are_the_end() -> None:
    pauses: list[float] = []
    with pytest.raises(UnreachableError) as caught:
        patiently(failing(TRIES), pauses.append)
    assert caught.value.message == "down; asked 5 times"
    assert len(pauses) == 4


@pytest.mark.parametrize(("retry_after", "waited"), [(PATIENCE + 1, []), (25.0, [25.0, 25.0])])
def test_a_minute_of_pauses_is_the_end(retry_after: float, waited: list[float]) -> None:
    pauses: list[float] = []
    with pytest.raises(UnreachableError) as caught:
        patiently(failing(TRIES, retry_after=retry_after), pauses.append)
    assert f"asks for a pause of {retry_after:g} s" in caught.value.message
    assert pauses == waited


def test_what_does_not_pass_is_told_at_once() -> None:
    pauses: list[float] = []
    with pytest.raises(UnreachableError) as caught:
        patiently(failing(1, is_passing=False), pauses.append)
    assert (caught.value.message, pauses) == ("down", [])


def test_other_errors_are_none_of_its_business() -> None:
    def refuse() -> str:
        raise ConflictError("other")

    with pytest.raises(ConflictError):
        patiently(refuse, lambda _: pytest.fail("it waited"))
