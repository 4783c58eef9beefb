"""A checkpoint's text: a line for each service, and read however it is laid out."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO

import pytest
from msgspec.structs import replace

from migrate.commands.checkpointreading import Text, contents, whole
from migrate.errors import BlockedError
from migrate.execute.packing import lines_in
from migrate.planning.model.checkpointtext import rest_in
from tests.execute.checkpoints import Document, checkpoint, packed, service, text, understood


def lines_of(data: bytes) -> Text:
    return lambda: iter(BytesIO(data))


def as_before(document: Document) -> bytes:
    """As it was written before services had lines."""
    return text(document).replace(b"\n", b"")


def indented(document: Document) -> bytes:
    return json.dumps(json.loads(text(document)), indent=2).encode()


def sorted_anew(document: Document) -> bytes:
    return json.dumps(json.loads(text(document)), sort_keys=True).encode()


@pytest.mark.parametrize("services", [0, 1, 5])
@pytest.mark.parametrize("laid_out", [text, as_before, indented, sorted_anew])
def test_it_is_read_however_it_is_laid_out(
    laid_out: Callable[[Document], bytes], services: int
) -> None:
    made = checkpoint(services=services)
    read = whole(lines_of(laid_out(made)), "it")
    assert read == understood(made)
    assert [one.metadata.name for one in read.services.values()] == [
        one["metadata"]["name"] for one in made.services
    ]
    assert (read.config, read.runtimes, read.meanings) == (
        made.config,
        made.runtimes,
        made.meanings,
    )


def test_each_service_has_a_line_whatever_is_in_it() -> None:
    odd = service(1)
    odd["metadata"]["annotations"]["note"] = 'a\n],\n"meanings":[\u2028\r\n{"services":[\n'
    made = replace(checkpoint(services=3), services=(service(0), odd, service(2)))
    lines = text(made).splitlines()
    assert [json.loads(line.rstrip(b",")) for line in lines[1:4]] == list(made.services)
    assert len(lines) == 6
    found = whole(lines_of(text(made)), "it").services
    assert [found[ref].metadata.annotations for ref in found] == [
        one["metadata"]["annotations"] for one in made.services
    ]


def test_services_are_not_looked_at_where_nobody_asks_for_them() -> None:
    made = replace(checkpoint(), services=({"kind": "InferenceService", "metadata": {}, "x": 1},))
    data = lines_of(text(made))
    assert b"InferenceService" not in rest_in(data()).partition(b'"meanings"')[0]
    assert contents(data, "it").meanings == made.meanings
    with pytest.raises(BlockedError, match="it: InferenceService"):
        whole(data, "it")


def test_a_newer_format_is_told_before_what_does_not_fit() -> None:
    made = replace(
        checkpoint(),
        format=2,
        version="3.1.0",
        services=({"kind": "InferenceService", "metadata": {}},),
    )
    with pytest.raises(BlockedError, match=r"written by kmigrate 3\.1\.0"):
        whole(lines_of(text(made)), "it")


def test_equal_texts_of_meanings_are_one_in_memory() -> None:
    first, second = whole(lines_of(text(checkpoint(services=2))), "it").meanings
    assert first.image is second.image
    assert first.service.api_version is second.service.api_version
    assert first.service.name != second.service.name


def test_content_of_another_digest_is_told_behind_its_last_line() -> None:
    made = packed(checkpoint())[1]
    data = b"".join(made.pieces)
    assert b"".join(lines_in(data, made.digest, "it")) == text(checkpoint())
    with pytest.raises(BlockedError, match=r"it: its digest is sha256:.*, expected sha256:other"):
        list(lines_in(data, "sha256:other", "it"))
