"""Checkpoints in files: whole or not at all, and what is no checkpoint is told."""

from __future__ import annotations

import errno
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import to_builtins
from msgspec.structs import replace

from migrate.commands import checkpointfiles
from migrate.commands.files import write_whole
from migrate.errors import UsageError
from tests.execute.checkpoints import checkpoint, packed, save, understood


def test_a_file_holds_it_for_its_owner_alone(tmp_path: Path) -> None:
    file, made = tmp_path / "c.json.gz", checkpoint(services=9)
    save(made, file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert checkpointfiles.load(file) == understood(made)
    assert [one.name for one in tmp_path.iterdir()] == [file.name]
    plain = tmp_path / "c.json"
    plain.write_bytes(gzip.decompress(file.read_bytes()))
    assert checkpointfiles.load(plain) == understood(made)


def damaged(data: bytes) -> Iterator[tuple[str, bytes, str]]:
    yield "cut off", data[: len(data) // 2], "it cannot be unpacked"
    yield "changed", data[:200] + b"\0\0\0" + data[203:], "it cannot be unpacked"
    yield "no JSON", gzip.compress(b"{"), "expected a checkpoint"
    yield "a plan", b'{"kind": "Plan", "format": 1}', "expected a Checkpoint, found a Plan"
    yield "newer", b'{"kind": "Checkpoint", "format": 7, "version": "9.0.0"}', "kmigrate 9.0.0"
    yield "no text", b'{"kind": "Checkpoint", "format": 1, "x": "\xff"}', "expected a checkpoint"


DAMAGED = list(damaged(b"".join(packed(checkpoint(services=9))[1].pieces)))


@pytest.mark.parametrize(("data", "words"), [d[1:] for d in DAMAGED], ids=[d[0] for d in DAMAGED])
def test_a_file_that_is_no_checkpoint(tmp_path: Path, data: bytes, words: str) -> None:
    file = tmp_path / "c.json.gz"
    file.write_bytes(data)
    with pytest.raises(UsageError, match=words) as caught:
        checkpointfiles.load(file)
    assert str(file) in caught.value.message


def test_a_full_disk_leaves_no_file(tmp_path: Path) -> None:
    def parts() -> Iterator[bytes]:
        yield b"begun"
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(UsageError, match="No space left on device"):
        write_whole(tmp_path / "c.gz", parts())
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        checkpointfiles.load(tmp_path / "none")
    with pytest.raises(UsageError, match="No such file"):
        save(checkpoint(), tmp_path / "none" / "file")


def test_a_field_that_came_later_may_be_missing(tmp_path: Path) -> None:
    """Who wrote it knew none of the fields that have a default."""
    made = replace(checkpoint(), runtimes=(), services=(), meanings=())
    known = {key: value for key, value in to_builtins(made).items() if value}
    assert "unfinished" not in known
    file = tmp_path / "c.json"
    file.write_text(json.dumps(known))
    assert checkpointfiles.load(file) == understood(made)
