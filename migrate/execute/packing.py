"""Bytes into gzipped pieces as they come, and back: what is packed is never held whole."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator

import msgspec

from migrate.errors import BlockedError
from migrate.execute import chunks

_GZIP = 16 + zlib.MAX_WBITS
"""Asks zlib for a gzip stream; it has no time in it, so that equal bytes give equal pieces."""
_LEVEL = 6


class Packed(msgspec.Struct, frozen=True):
    """A gzip stream in pieces that each fit a ConfigMap; ``digest`` is that of what is in it."""

    pieces: tuple[bytes, ...]
    digest: str

    @property
    def size(self) -> int:
        """Count the bytes, packed."""
        return sum(map(len, self.pieces))


class Packer:
    """Packs what is added to it."""

    def __init__(self) -> None:
        self._gzip = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        self._digest = hashlib.sha256()
        self._pieces: list[bytes] = []
        self._rest = bytearray()

    def add(self, data: bytes) -> None:
        """Pack some more."""
        self._digest.update(data)
        self._rest += self._gzip.compress(data)
        while len(self._rest) >= chunks.CHUNK_BYTES:
            self._pieces.append(bytes(self._rest[: chunks.CHUNK_BYTES]))
            del self._rest[: chunks.CHUNK_BYTES]

    def end(self) -> Packed:
        """Return all of it. Nothing can be added any more."""
        self._rest += self._gzip.flush()
        pieces = (*self._pieces, *chunks.pieces(bytes(self._rest)))
        return Packed(pieces, f"sha256:{self._digest.hexdigest()}")


def lines_in(packed: bytes, digest: str, what: str) -> Iterator[bytes]:
    """Yield the lines of what is packed, each with its end.

    Raise BlockedError where it cannot be unpacked, and behind the last line where the digest is
    another.
    """
    found = hashlib.sha256()
    try:
        for line in gzip.GzipFile(fileobj=io.BytesIO(packed)):
            found.update(line)
            yield line
    except (OSError, EOFError, zlib.error) as error:
        raise BlockedError(f"{what}: it cannot be unpacked ({error})") from error
    if digest != f"sha256:{found.hexdigest()}":
        raise BlockedError(f"{what}: its digest is sha256:{found.hexdigest()}, expected {digest}")
