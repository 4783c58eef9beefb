"""Releases of KServe: how they are written, and which one an image names."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from migrate.kserve.image import ImageFormatError, parse_image


class ReleaseFormatError(ValueError):
    """The text names no release of KServe."""


class Release(msgspec.Struct, frozen=True, order=True):
    """A release of KServe; ``str`` gives ``0.7.0``."""

    major: int
    minor: int
    patch: int = 0

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


_RELEASE = re.compile(r"v?(0|[1-9]\d*)\.(0|[1-9]\d*)(?:\.(0|[1-9]\d*))?", re.ASCII)


def parse_release(text: str) -> Release:
    """Read ``v0.7.0``, ``0.7.0`` or ``0.9``, which is 0.9.0. Raise ReleaseFormatError.

    Release candidates and vendors' suffixes are no releases: nobody knows what they do.
    """
    found = _RELEASE.fullmatch(text)
    if found is None:
        raise ReleaseFormatError(f"{text!r}: expected a release such as v0.9.0")
    major, minor, patch = found.groups("0")
    return Release(int(major), int(minor), int(patch))


def detect(images: Sequence[str]) -> Release | None:
    """Return the release that the images of the controller's ``manager`` container name.

    None where there is none, where a tag is no release (``latest``, only a digest), or
    where two images disagree. The released manifests tag the image with the release
    (``install/vX/kserve.yaml``: ``kserve/kserve-controller:vX``).
    """
    found = {_release_of(image) for image in images}
    return found.pop() if len(found) == 1 else None


def _release_of(image: str) -> Release | None:
    try:
        return parse_release(parse_image(image).tag)
    except (ImageFormatError, ReleaseFormatError):
        return None
