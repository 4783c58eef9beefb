"""Desired images, checked against what the release's `predictors` can express."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from migrate.errors import BlockedError, UsageError
from migrate.kserve import terms
from migrate.kserve.image import ImageFormatError, ImageRef, parse_image
from migrate.kserve.leaves import Leaf, TargetError, check_target, fold_edits, settings
from migrate.kserve.predictors import Predictors
from migrate.kserve.rules import Rules
from migrate.operations.jsontext import locate
from migrate.operations.model import Edit
from migrate.planning.model.desired import Desired
from migrate.planning.model.fields import did_you_mean

Key = tuple[str, str, bool]
"""An entry and its kind of tag: format, "" or v1 or v2, whether it is the tag for GPUs."""


class Wanted(msgspec.Struct, frozen=True):
    """A desired image that the release can express."""

    key: Key
    image: ImageRef

    @property
    def entry(self) -> str:
        """The entry as `--set` spells it."""
        return "/".join(p for p in (*self.key[:2], "gpu" if self.key[2] else "") if p)


def understand(images: Iterable[Desired], rules: Rules) -> dict[Key, Wanted]:
    """Return what is wanted of which entry. Raise UsageError or BlockedError that says why not."""
    found = [_understand(image, rules) for image in images if _is_for_predictors(image, rules)]
    result: dict[Key, Wanted] = {}
    for wanted in filter(None, found):
        former = result.setdefault(wanted.key, wanted)
        if former.image != wanted.image:
            raise UsageError(f"{wanted.entry} is wanted as {former.image} and as {wanted.image}")
    for wanted in result.values():
        _check_repository(wanted, result)
    return result


def _is_for_predictors(desired: Desired, rules: Rules) -> bool:
    """Tell whether it is; where runtimes decide as well, a format may be known to them alone."""
    known = desired.format in terms.FORMATS or not rules.knows_model
    return rules.predictors_read and not desired.runtime and known


def _understand(desired: Desired, rules: Rules) -> Wanted | None:
    if desired.format not in terms.FORMATS:
        hint = did_you_mean(desired.format, terms.FORMATS)
        raise UsageError(
            f"{desired}: there is no such model format{hint}; there are {', '.join(terms.FORMATS)}"
        )
    if not desired.image:
        return None  # of the rest predictors can hold nothing
    key = entry_of(desired, rules)
    try:
        check_target(rules, desired.format, key[1], gpu=desired.gpu)
        image = parse_image(desired.image)
    except TargetError as error:
        raise UsageError(f"{desired}: {error}", "kmigrate plan shows the entries") from error
    except ImageFormatError as error:
        raise UsageError(f"{desired}: not an image: {error}") from error
    return Wanted(key, image)


def entry_of(desired: Desired, rules: Rules) -> Key:
    """Return the entry of `predictors` that a format and protocol mean."""
    protocol = desired.protocol or _default_protocol(desired.format, rules)
    return (desired.format, protocol, desired.gpu)


def _default_protocol(format_: str, rules: Rules) -> str:
    """KServe's own default is v1; the two keys of pytorch do not mean protocols."""
    is_plain = format_ in rules.nested and format_ != terms.PYTORCH
    return terms.PROTOCOL_V1 if is_plain else ""


def _check_repository(wanted: Wanted, others: Mapping[Key, Wanted]) -> None:
    format_, protocol, gpu = wanted.key
    twin = others.get((format_, protocol, not gpu))
    if twin and twin.image.repository != wanted.image.repository:
        raise UsageError(
            f"{wanted.entry}={wanted.image} and {twin.entry}={twin.image}: "
            "predictors has one repository for both tags"
        )


def edits_for(
    field: str, text: str, predictors: Predictors, wanted: Mapping[Key, Wanted]
) -> tuple[Edit, ...]:
    """Return the edits of ``field`` that make the text say what is wanted.

    Raise BlockedError for an image that `predictors` cannot express, such as a digest.
    """
    changes: dict[tuple[str, ...], tuple[Leaf, str]] = {}
    for one in wanted.values():
        _check_gpu_alone(one, wanted, predictors)
        changes.update({leaf.path: (leaf, value) for leaf, value in _settings(one, predictors)})
    folded = fold_edits(predictors, changes.values())
    return tuple(
        Edit(field, locate(text, at), msgspec.json.encode(value).decode(), at)
        for at, value in folded.items()
    )


def _settings(one: Wanted, predictors: Predictors) -> tuple[tuple[Leaf, str], ...]:
    format_, protocol, gpu = one.key
    try:
        return settings(predictors, format_, protocol, one.image, gpu=gpu)
    except TargetError as error:
        raise BlockedError(
            f"{one.entry}: predictors cannot express this image: {error}",
            "give REPOSITORY:TAG, or on KServe 0.8 and later use a ServingRuntime",
        ) from error


def _check_gpu_alone(one: Wanted, wanted: Mapping[Key, Wanted], predictors: Predictors) -> None:
    format_, protocol, gpu = one.key
    entry = predictors.entry(format_, protocol)
    is_alone = gpu and (format_, protocol, False) not in wanted
    if is_alone and entry is not None and entry.image not in ("", one.image.repository):
        raise UsageError(
            f"{one.entry}={one.image}: predictors has one repository for both tags, "
            f"and it is {entry.image}",
            f"say what services without a GPU shall run: --set {one.entry[:-4]}="
            f"{one.image.repository}:TAG",
        )
