"""What can be the matter with ``predictors`` that decodes all the same."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from migrate.kserve.image import ImageFormatError, parse_image


class ProblemKind(StrEnum):
    """What is the matter with a part of the text that decodes all the same."""

    UNKNOWN = "unknown"
    """No release in the table has such a key: it is ignored."""
    UNREAD = "unread"
    """A key of another release's shape: this release ignores it."""
    MISSING = "missing"
    """There is no object where this release needs one: it dereferences nil."""
    NO_IMAGE = "no-image"
    """There is no image name: services in the framework form get ``:VERSION``."""
    NO_VERSION = "no-version"
    """There is no version for the webhook to write into a new service."""
    BAD_IMAGE = "bad-image"
    """The image is no repository that ``:VERSION`` can follow."""


class Problem(msgspec.Struct, frozen=True):
    """A part of the text that does not do what it looks like; ``key`` is "", "v1" or "v2"."""

    kind: ProblemKind
    pointer: str
    format: str
    key: str
    text: str


def unfit(image: str) -> str:
    """Say why ``:VERSION`` cannot follow this image; empty where it can.

    KServe joins the two with a colon and looks at neither
    (``GetContainer`` in ``predictor_*.go``, 0.7.0 to 0.9.0).
    """
    try:
        reference = parse_image(image)
    except ImageFormatError as error:
        return error.reason
    if reference.digest:
        return "it has a digest, and KServe appends a version to it"
    return "it has a tag, and KServe appends another" if reference.tag else ""
