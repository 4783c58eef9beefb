"""The ``predictors`` value of ConfigMap ``inferenceservice-config``, as a release sees it.

The structs are ``PredictorsConfig``, ``PredictorProtocols`` and ``PredictorConfig`` in
``pkg/apis/serving/v1beta1/configmap.go`` of 0.7.0, 0.8.0 and 0.9.0: an object with an entry
per format; an entry is an object of six fields (flat), or holds one under ``v1`` and one
under ``v2`` (nested). What a release does not read is ignored there, and reported here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from migrate.errors import BlockedError
from migrate.kserve import terms
from migrate.kserve.gojson import (
    ABSENT,
    Fault,
    GoJsonError,
    Member,
    Object,
    flag_of,
    members,
    parse,
    quoted_integer_of,
    text_of,
    texts_of,
)
from migrate.kserve.problems import Problem, ProblemKind, unfit
from migrate.kserve.rules import Rules
from migrate.objects import pointer

FIELDS: dict[str, Callable[[Member], Any]] = {
    terms.IMAGE: text_of,
    terms.VERSION: text_of,
    terms.GPU_VERSION: text_of,
    terms.TIMEOUT: quoted_integer_of,
    terms.MULTI_MODEL: flag_of,
    terms.FRAMEWORKS: texts_of,
}
"""The fields of an entry, and how Go reads each."""

PROTOCOLS = (terms.PROTOCOL_V1, terms.PROTOCOL_V2)

Path = tuple[str, ...]
"""Where something stands by KServe's own names: ``("sklearn", "v1", "image")``."""


class PredictorsError(BlockedError):
    """The text cannot be decoded, or not be edited; ``fault`` says what and where.

    With ``fault.go_fails`` KServe fails as well: no service is reconciled, and the webhook
    refuses every write to one (0.7 to 0.9: ``Default`` panics).
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{terms.PREDICTORS_KEY}: {fault}")
        self.fault = fault


class Entry(msgspec.Struct, frozen=True):
    """An entry that the release reads; what is missing in the text is empty or 0.

    ``key`` is "" for a flat entry, else "v1" or "v2". ``pointer`` leads to its object by
    the keys found in the text, and is empty where there is none (flat entries only).
    ``default_timeout`` is in seconds.
    """

    format: str
    key: str = ""
    pointer: str = ""
    image: str = ""
    default_image_version: str = ""
    default_gpu_image_version: str = ""
    default_timeout: int = 0

    @property
    def path(self) -> Path:
        """Where the entry stands by KServe's own names."""
        return (self.format, self.key) if self.key else (self.format,)

    def setting(self, field: str) -> str:
        """Return the string that ``image`` or one of the two versions holds."""
        return {
            terms.IMAGE: self.image,
            terms.VERSION: self.default_image_version,
            terms.GPU_VERSION: self.default_gpu_image_version,
        }[field]

    def __str__(self) -> str:
        return "/".join(self.path)


class Found(msgspec.Struct, frozen=True):
    """A member that is in the text, by the keys found there."""

    pointer: str
    is_object: bool


class Predictors(msgspec.Struct, frozen=True):
    """What a release sees. ``found`` tells where the text has what, under KServe's names."""

    rules: Rules
    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]
    found: dict[Path, Found]

    def entry(self, format_: str, key: str = "") -> Entry | None:
        """Return the entry; None where Go has a nil pointer or no such field."""
        for entry in self.entries:
            if entry.format == format_ and entry.key == key:
                return entry
        return None


def decode(text: str | None, rules: Rules) -> Predictors:
    """Decode the text as this release does; None stands for a ConfigMap without the key.

    Raise PredictorsError for what Go refuses, and for keys that are there twice. A release
    that does not read the text at all sees no entries in it.
    """
    if not rules.predictors_read:
        return Predictors(rules, (), _leftover(text, rules), {})
    reader = _Reader(rules)
    try:
        reader.document(ABSENT if text is None else parse(text))
    except GoJsonError as error:
        raise PredictorsError(error.fault) from error
    return Predictors(rules, tuple(reader.entries), tuple(reader.problems), reader.found)


def _leftover(text: str | None, rules: Rules) -> tuple[Problem, ...]:
    unread = f"KServe {rules.name} does not read predictors"
    return () if text is None else (Problem(ProblemKind.UNREAD, "", "", "", unread),)


class _Reader:
    """Walks the document once, and gathers entries, problems and what is where."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.entries: list[Entry] = []
        self.problems: list[Problem] = []
        self.found: dict[Path, Found] = {}

    def document(self, at: Member) -> None:
        self.found[()] = Found("", isinstance(at.value, Object))
        formats = self.known(at, (), terms.FORMATS)
        for name in terms.FORMATS:
            entry = formats.get(name, ABSENT)
            if name in self.rules.nested:
                self.nested(name, entry)
            else:
                self.entry(entry, (name,), other_shape=PROTOCOLS)

    def nested(self, name: str, at: Member) -> None:
        protocols = self.known(at, (name,), PROTOCOLS, other_shape=tuple(FIELDS))
        for key in PROTOCOLS:
            entry = protocols.get(key, ABSENT)
            if entry.value is None:
                # `V1 *PredictorConfig` stays nil, and every reader follows the pointer.
                what = f"there is no object {key}: KServe would dereference nil"
                self.problem(ProblemKind.MISSING, (name, key), what)
            else:
                self.entry(entry, (name, key))

    def entry(self, at: Member, path: Path, other_shape: tuple[str, ...] = ()) -> None:
        members_found = self.known(at, path, tuple(FIELDS), other_shape)
        values = {field: read(members_found.get(field, ABSENT)) for field, read in FIELDS.items()}
        entry = Entry(
            path[0],
            "".join(path[1:]),
            at.pointer if isinstance(at.value, Object) else "",
            values[terms.IMAGE],
            values[terms.VERSION],
            values[terms.GPU_VERSION],
            values[terms.TIMEOUT],
        )
        self.entries.append(entry)
        self.judge(entry, path)

    def judge(self, entry: Entry, path: Path) -> None:
        if not entry.image:
            self.problem(ProblemKind.NO_IMAGE, (*path, terms.IMAGE), "there is no image")
        elif reason := unfit(entry.image):
            self.problem(ProblemKind.BAD_IMAGE, (*path, terms.IMAGE), reason)
        if self.rules.new_services_use_predictors and not entry.default_image_version:
            what = "there is no version for new services"
            self.problem(ProblemKind.NO_VERSION, (*path, terms.VERSION), what)

    def known(
        self, at: Member, path: Path, names: tuple[str, ...], other_shape: tuple[str, ...] = ()
    ) -> dict[str, Member]:
        """Return the members that this release reads; note them all, report the others."""
        result = {}
        for name, member in members(at, (*names, *other_shape)).items():
            self.found[*path, name] = Found(member.pointer, isinstance(member.value, Object))
            if name in names:
                result[name] = member
            elif name in other_shape:
                what = f"KServe {self.rules.name} does not read {name} here"
                self.problem(ProblemKind.UNREAD, (*path, name), what)
            else:
                self.problem(ProblemKind.UNKNOWN, (*path, name), "KServe knows no such key")
        return result

    def problem(self, kind: ProblemKind, path: Path, text: str) -> None:
        format_, key = (*path, "", "")[:2]
        key = key if key in PROTOCOLS else ""
        self.problems.append(Problem(kind, pointer_to(self.found, path), format_, key, text))


def pointer_to(found: dict[Path, Found], path: Path) -> str:
    """Return the pointer of a path, by the text's own keys as far as it has them."""
    for known in range(len(path), 0, -1):
        if path[:known] in found:
            return found[path[:known]].pointer + pointer(*path[known:])
    return pointer(*path)
