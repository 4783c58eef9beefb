"""References to container images, as the OCI distribution specification writes them."""

from __future__ import annotations

import functools
import re

import msgspec


class ImageFormatError(ValueError):
    """The text is not a reference to an image; ``reason`` says in one clause why not."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"{text!r}: {reason}")
        self.text = text
        self.reason = reason


class ImageRef(msgspec.Struct, frozen=True, order=True):
    """A reference to an image; ``tag`` and ``digest`` are empty where there is none.

    ``repository`` holds the registry too: ``registry.example:5000/team/server``. ``str``
    gives back the text that was parsed.
    """

    repository: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.repository}{tag}{digest}"


MAX_NAME = 255
"""Characters of a repository; Docker's reference grammar has the same bound."""

_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_REGISTRY = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile("[a-z0-9]+(?:[-_+.][a-z0-9]+)*:[0-9a-fA-F]{32,}")
_SHA256 = re.compile("sha256:[0-9a-f]{64}")


@functools.lru_cache(maxsize=1024)
def parse_image(text: str) -> ImageRef:
    """Read ``[REGISTRY[:PORT]/]PATH[:TAG][@DIGEST]``. Raise ImageFormatError.

    Ten thousand services share a handful of images: each is read once.
    """
    if not text or re.search(r"\s", text):
        raise ImageFormatError(text, "it has white space in it" if text else "it is empty")
    name, has_digest, digest = text.partition("@")
    # A colon before the last slash belongs to the registry's port.
    head, slash, last = name.rpartition("/")
    last, has_tag, tag = last.partition(":")
    repository = f"{head}{slash}{last}"
    _check_repository(text, repository)
    if has_tag and not _TAG.fullmatch(tag):
        raise ImageFormatError(text, f"{tag!r} is not a tag" if tag else "its tag is empty")
    if has_digest and not _is_digest(digest):
        raise ImageFormatError(text, f"{digest!r} is not a digest")
    return ImageRef(repository, tag, digest)


def has_name(text: str) -> bool:
    """Tell whether an image names a repository; no container runs one that does not.

    KServe up to 0.9 writes ``:TAG`` where `predictors` has no image (``getContainerV1`` in
    ``pkg/apis/serving/v1beta1/predictor_sklearn.go`` of 0.9.0, and its like).
    """
    return bool(text) and not text.startswith(":")


def _check_repository(text: str, repository: str) -> None:
    if not repository:
        raise ImageFormatError(text, "it names no repository")
    if len(repository) > MAX_NAME:
        raise ImageFormatError(text, f"its repository has more than {MAX_NAME} characters")
    registry, path = _split(repository)
    if registry and not _REGISTRY.fullmatch(registry):
        raise ImageFormatError(text, f"{registry!r} is not a registry")
    for component in path.split("/"):
        _check_component(text, component)


def _split(repository: str) -> tuple[str, str]:
    """Part the registry, which has a dot or a port, from the path.

    Docker takes a first part with a capital letter for a registry as well. Knative does
    not, and whoever writes one means something else. ``localhost`` passes as a path.
    """
    first, slash, rest = repository.partition("/")
    return (first, rest) if slash and set(first) & set(".:") else ("", repository)


def _check_component(text: str, component: str) -> None:
    if _COMPONENT.fullmatch(component):
        return
    if _COMPONENT.fullmatch(component.lower()):
        raise ImageFormatError(text, f"{component!r} has a capital letter")
    raise ImageFormatError(text, f"{component!r} cannot be part of a repository")


def _is_digest(text: str) -> bool:
    # Other algorithms are the registry's business; sha256 is what everybody has.
    return bool((_SHA256 if text.startswith("sha256:") else _DIGEST).fullmatch(text))
