"""`plan` on an API server whose lists break: the same plan as without, or a refusal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.commands import faulty
from tests.commands.faulty import PAGE, Faulty, Json, Spoil, changed, kmigrate, status, whole
from tests.commands.snapshots import BEFORE, SET

SERVICES = "inferenceservices"
SECOND = str(PAGE)
GONE = "The provided continue parameter is too old to display a consistent list result."


def objects(copies: int = 3) -> list[Json]:
    """The recorded cluster, with so many copies of each service beside it."""
    found: list[Json] = []
    for file in BEFORE.glob("*.yaml"):
        document = yaml.safe_load(file.read_text())
        found.extend(document.get("items", [document]))
    services = [each for each in found if each["kind"] == "InferenceService"]
    for number in range(copies):
        for each in services:
            meta = each["metadata"] | {"name": f"{each['metadata']['name']}-{number}", "uid": ""}
            found.append(each | {"metadata": meta})
    return found


@pytest.fixture
def server() -> Iterator[Faulty]:
    with faulty.faulty(objects()) as started:
        yield started


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    with faulty.faulty(objects()) as sound:
        done = kmigrate(sound, tmp_path_factory.mktemp("sound"), "plan", *SET, "-o", "json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["plan"]["forecast"]) > 2 * PAGE
    assert len(sound.pages(SERVICES)) > 3
    return done.stdout


def expired(token: str = "") -> Spoil:
    return status(410, "Expired", GONE, token)


LATER = status(429, "TooManyRequests", "too many requests", Retry_After="1")
AT = formatdate(1_000_000_001, usegmt=True)
DAY_LATER = formatdate(1_000_086_400, usegmt=True)
NOW = formatdate(1_000_000_000, usegmt=True)
DOWN = status(503, "ServiceUnavailable", "apiserver is shutting down")

MENDED: dict[str, tuple[str, tuple[Spoil, ...]]] = {
    "410 with a token": (SECOND, (expired("02"),)),
    "410 without a token": (SECOND, (expired(),)),
    "410 twice": (SECOND, (expired(), expired())),
    "429, seconds": (SECOND, (LATER,)),
    "429, a date": (
        SECOND,
        (status(429, "TooManyRequests", "later", Retry_After=AT, Date=NOW),),
    ),
    "503": (SECOND, (DOWN, DOWN)),
    "503 on the first page": ("", (DOWN,)),
    "a leader election": (SECOND, (status(500, "InternalError", "etcdserver: leader changed"),)),
    "a reset connection": (SECOND, (faulty.reset,)),
    "half a body": (SECOND, (faulty.half,)),
    "half a first page": ("", (faulty.half,)),
    "half a body as if whole": (SECOND, (faulty.half_unnoticed,)),
    "half a packed body": (SECOND, (faulty.half_packed,)),
    "an empty body": (SECOND, (whole(b""),)),
    "one fault after the other": (SECOND, (faulty.reset, DOWN, faulty.half, expired())),
}


@pytest.mark.parametrize("case", MENDED)
def test_the_plan_is_the_same(server: Faulty, undisturbed: str, tmp_path: Path, case: str) -> None:
    token, faults = MENDED[case]
    server.spoil(SERVICES, token, *faults)
    done = kmigrate(server, tmp_path, "plan", *SET, "-o", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == undisturbed
    assert server.spoiled[SERVICES, token] == []


def test_after_410_without_a_token_the_list_begins_again(server: Faulty, tmp_path: Path) -> None:
    server.spoil(SERVICES, "4", expired())
    assert kmigrate(server, tmp_path, "plan").returncode == 0
    assert server.pages(SERVICES)[:6] == ["", "2", "4", "", "2", "4"]


@pytest.mark.parametrize("token", [SECOND, "4"])
def test_an_object_on_two_pages_counts_once(
    server: Faulty, undisturbed: str, tmp_path: Path, token: str
) -> None:
    first: list[Any] = []
    server.spoil(SERVICES, "", changed(lambda page: first.extend(page["items"])))
    server.spoil(SERVICES, token, changed(lambda page: page["items"].extend(first)))
    done = kmigrate(server, tmp_path, "plan", *SET, "-o", "json")
    assert len(first) == PAGE
    assert (done.returncode, done.stdout) == (0, undisturbed), done.stderr


def test_an_object_twice_on_one_page_counts_once(
    server: Faulty, undisturbed: str, tmp_path: Path
) -> None:
    server.spoil(SERVICES, SECOND, changed(lambda page: page["items"].append(page["items"][0])))
    assert kmigrate(server, tmp_path, "plan", *SET, "-o", "json").stdout == undisturbed


def test_items_that_are_null_are_none(server: Faulty, tmp_path: Path) -> None:
    empty = {"metadata": {"resourceVersion": "1"}, "items": None}
    server.spoil(SERVICES, "", whole(json.dumps(empty).encode()))
    done = kmigrate(server, tmp_path, "plan", *SET, "-o", "json")
    assert (done.returncode, json.loads(done.stdout)["plan"]["forecast"]) == (0, [])


LOGIN = b"<!DOCTYPE html><html><script>var a = 1</script><h1>Please &gt; log in</h1></html>"
REFUSED: dict[str, tuple[tuple[Spoil, ...], int, int, tuple[str, ...]]] = {
    "410 again and again": ((expired(),) * 9, 4, 10, ("HTTP 410", "too old")),
    "410 with the same token": ((expired("2"),) * 9, 4, 10, ("HTTP 410", "too old")),
    "503 for good": ((DOWN,) * 9, 5, 10, ("HTTP 503", "shutting down", "asked 5 times")),
    "429 until tomorrow": (
        (status(429, "TooManyRequests", "later", Retry_After="86400"),),
        1,
        10,
        ("HTTP 429", "a pause of 86400 s, and 60 s is the limit"),
    ),
    "429 until a day later": (
        (status(429, "TooManyRequests", "later", Retry_After=DAY_LATER, Date=NOW),),
        1,
        10,
        ("a pause of 86400 s",),
    ),
    "half a body for good": ((faulty.half,) * 9, 5, 10, ("the connection was cut", "asked 5")),
    "cut JSON for good": ((faulty.half_unnoticed,) * 9, 5, 10, ("cut short or broken", "asked 5")),
    "a login page": ((whole(LOGIN),), 1, 10, ("expected a list", "HTML that says: Please")),
    "no JSON": ((whole(b"nope"),), 1, 10, ("expected a list in JSON, found nope",)),
    "items nested deeply": (
        (whole(b'{"items": ' + b"[" * 100_000),),
        1,
        10,
        ("JSON of another form",),
    ),
    "another object": ((whole(b'{"kind": "Status"}'),), 1, 10, ("JSON of another form", "items")),
    "items that are none": ((whole(b'{"items": {}}'),), 1, 10, ("JSON of another form", "items")),
    "a well without a ground": (
        (whole(b'{"items": [], "x": ' + b"[" * 100_000),),
        1,
        10,
        ("nested too deeply",),
    ),
    "a token that comes again": (
        (changed(lambda page: page["metadata"].update({"continue": "2"})),),
        1,
        10,
        ("expected a token of the next page, found a former one",),
    ),
    "a kind that goes away": (
        (whole(b"404 page not found\n", 404),),
        1,
        10,
        ("expected a further page, found none", "404 page not found"),
    ),
    "another server's 404": ((whole(LOGIN, 404),), 1, 10, ("is no API server", "HTML that says")),
    "a permission that is taken away": (
        (status(403, "Forbidden", 'User "eve" cannot list resource "inferenceservices"'),),
        1,
        9,
        ("no permission to list on inferenceservices", "kubectl auth can-i list"),
    ),
    "an object that is none": (
        (changed(lambda page: page["items"].append(None)),),
        1,
        7,
        ("InferenceService (no name)",),
    ),
    "an object that does not fit": (
        (changed(lambda page: page["items"][1]["metadata"].update(labels=[])),),
        1,
        7,
        ("InferenceService ", "metadata.labels"),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_no_plan_is_made(server: Faulty, tmp_path: Path, case: str) -> None:
    faults, requests, code, words = REFUSED[case]
    server.spoil(SERVICES, SECOND, *faults)
    out = tmp_path / "plan.json"
    done = kmigrate(server, tmp_path, "plan", *SET, "-o", "json", "--out", str(out))
    assert (done.returncode, done.stdout, out.exists()) == (code, "", False), done.stderr
    assert server.pages(SERVICES).count(SECOND) == requests
    told, following = done.stderr.splitlines()
    assert told.startswith("error: ")
    assert following.startswith("next: ")
    for word in words:
        assert word in done.stderr, done.stderr
