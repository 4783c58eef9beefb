"""desired.yaml: its form, its rules, and the JSON Schema that says the same to an editor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

import msgspec
from msgspec.inspect import type_info

from migrate.errors import UsageError
from migrate.kserve.image import ImageFormatError, parse_image
from migrate.objects import Json, Manifest
from migrate.planning.model.desired import Desired, labels_of
from migrate.planning.model.fields import Fault, Place, faults, spelled, told

FORM = "docs/desired.md shows the form"
SETTINGS = ("image", "env", "args")


class Header(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """By which desired.yaml is told from other files."""

    api_version: Literal["kmigrate.dev/v1alpha1"]
    kind: Literal["Desired"]


class DesiredFile(Header, forbid_unknown_fields=True, rename="camel"):
    """The whole of desired.yaml."""

    images: tuple[Desired, ...]


def from_document(
    document: Json, name: str, lines: Mapping[Place, int] | None = None
) -> tuple[Desired, ...]:
    """Return what the parsed desired.yaml asks for.

    ``lines`` tells the line of each place, where that is known. Raise UsageError that names
    the places of what does not fit, all of them at once.
    """
    message = (
        # Another kind of file has no fields of this one: that alone is worth saying.
        told(name, faults(_header(document), type_info(Header)), lines or {})
        or told(name, faults(document, type_info(DesiredFile)), lines or {})
        or told(name, _rules(document["images"]), lines or {})
    )
    if message:
        raise UsageError(message, FORM)
    return msgspec.convert(document, DesiredFile).images


def _header(document: Json) -> Json:
    if not isinstance(document, dict):
        return document
    return {key: document[key] for key in ("apiVersion", "kind") if key in document}


def _rules(images: list[Manifest]) -> Iterator[Fault]:
    for index, item in enumerate(images):
        place: Place = ("images", index)
        yield from _name(item, place)
        yield from _settings(item, place)
        yield from _exceptions(item, place)
    names = [str(msgspec.convert(item, Desired)) for item in images]
    yield from _twice(names, ("images",))


def _name(item: Manifest, place: Place) -> Iterator[Fault]:
    given = [key for key in ("format", "runtime") if key in item]
    if len(given) != 1:
        yield Fault(place, f"expected format or runtime, found {'both' if given else 'neither'}")
    for key in ("protocol", "gpu"):
        if key in item and "format" not in item:
            yield Fault((*place, key), "goes with format alone")


def _settings(item: Manifest, place: Place) -> Iterator[Fault]:
    given = [key for key in SETTINGS if key in item]
    if not given:
        yield Fault(place, "expected image, env or args: there is nothing to change")
    excepted = {key for one in item.get("exceptions", ()) for key in SETTINGS if key in one}
    if item.get("gpu") and {*given, *excepted} != {"image"}:
        yield Fault((*place, "gpu"), "goes with image alone: env and args are not told apart by it")
    yield from _values(item, place)


def _values(item: Manifest, place: Place) -> Iterator[Fault]:
    yield from _image(item, place)
    yield from _twice([variable["name"] for variable in item.get("env", ())], (*place, "env"))
    flags = [flag.partition("=")[0] for flag in item.get("args", ())]
    yield from _twice(flags, (*place, "args"))


def _exceptions(item: Manifest, place: Place) -> Iterator[Fault]:
    for index, exempt in enumerate(item.get("exceptions", ())):
        here: Place = (*place, "exceptions", index)
        if not exempt.keys() & {"namespaces", "selector"}:
            yield Fault(here, "expected namespaces or selector: it says for whom it is")
        keys = [key for key, _ in labels_of(exempt.get("selector", ""))]
        if len(set(keys)) < len(keys):
            yield Fault((*here, "selector"), "names a label twice: no service has two values of it")
        yield from _values(exempt, here)


def _image(item: Manifest, place: Place) -> Iterator[Fault]:
    try:
        parse_image(item.get("image", "none"))
    except ImageFormatError as error:
        yield Fault((*place, "image"), f"not an image: {error}")


def _twice(names: Iterable[str], place: Place) -> Iterator[Fault]:
    first: dict[str, int] = {}
    for index, name in enumerate(names):
        former = first.setdefault(name, index)
        if former != index:
            already = spelled((*place, former))
            yield Fault((*place, index), f"{name} is in {already} already")


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of desired.yaml.

    It says all that ``from_document`` checks but for what no schema can say: names that
    occur twice, labels named twice, and the inner form of an image.
    """
    made = msgspec.json.schema(DesiredFile)
    kinds = made["$defs"]
    for kind in kinds.values():
        kind["description"] = " ".join(kind["description"].replace("``", "`").split())
        for field in kind["properties"].values():
            field.pop("default", None)  # a default means: leave it out
    kinds["Desired"] |= _DESIRED_RULES
    kinds["Exempt"] |= {"anyOf": [{"required": ["namespaces"]}, {"required": ["selector"]}]}
    header = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "desired.yaml"}
    return {**header, **made}


_IMAGE_ALONE: Json = {"env": False, "args": False}
_DESIRED_RULES: Json = {
    "oneOf": [{"required": ["format"]}, {"required": ["runtime"]}],
    "anyOf": [{"required": [key]} for key in SETTINGS],
    "dependentRequired": {"protocol": ["format"], "gpu": ["format"]},
    "if": {"required": ["gpu"], "properties": {"gpu": {"const": True}}},
    "then": {
        "required": ["image"],
        "properties": {**_IMAGE_ALONE, "exceptions": {"items": {"properties": _IMAGE_ALONE}}},
    },
}
