"""Bytes into gzipped pieces, as they come: what is packed is never held whole."""

from __future__ import annotations

import hashlib
import zlib

import msgspec

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
