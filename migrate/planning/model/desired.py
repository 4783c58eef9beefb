"""What the operator wants, be it typed or in desired.yaml, in one form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from migrate.planning.model.desiredtexts import (
    RUNTIME,
    EnvName,
    Flag,
    Format,
    Image,
    NamespaceName,
    Protocol,
    RuntimeName,
    Selector,
)
from migrate.planning.model.formerof import FormerOf
from migrate.planning.model.strategy import Scope, Strategy


class EnvVar(msgspec.Struct, frozen=True, forbid_unknown_fields=True, order=True):
    """A variable of the container that serves the model. An empty value is a value.

    Names are as Kubernetes took them in all releases that KServe runs on
    (apimachinery ``pkg/util/validation/validation.go`` ``IsEnvVarName``, 0.22.3 and 0.34.5).
    """

    name: EnvName
    value: str


class Exempt(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    order=True,
    kw_only=True,
):
    """InferenceServices that a change shall not reach.

    They are those in one of the ``namespaces``, where some are given, that have all the
    labels of the ``selector`` (``key=value,key=value``), where there is one. They get ``image``,
    ``env`` and ``args`` in the place of all that the item says; without any they keep what they
    have.
    """

    namespaces: Annotated[tuple[NamespaceName, ...], Meta(min_length=1)] = ()
    selector: Selector = ""
    image: Image = ""
    env: Annotated[tuple[EnvVar, ...], Meta(min_length=1)] = ()
    args: Annotated[tuple[Flag, ...], Meta(min_length=1)] = ()


class Desired(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    order=True,
    kw_only=True,
):
    """What is wanted of a model format (``format``) or of a ClusterServingRuntime (``runtime``).

    ``protocol`` is "", "v1" or "v2". ``gpu`` asks for the tag which KServe up to 0.9 uses
    where a GPU is requested. Each of ``args`` sets one flag, in place of the same flag;
    ``env`` likewise for variables; all others stay. Empty means: leave as it is.
    """

    format: Format = ""
    runtime: RuntimeName = ""
    protocol: Protocol = ""
    gpu: bool = False
    image: Image = ""
    env: Annotated[tuple[EnvVar, ...], Meta(min_length=1)] = ()
    args: Annotated[tuple[Flag, ...], Meta(min_length=1)] = ()
    exceptions: Annotated[tuple[Exempt, ...], Meta(min_length=1)] = ()

    def __str__(self) -> str:
        """Return the name as `--set` spells it: ``sklearn/v1/gpu``, ``runtime/NAME``."""
        if self.runtime:
            return f"{RUNTIME}/{self.runtime}"
        return "/".join(p for p in (self.format, self.protocol, "gpu" if self.gpu else "") if p)


def summary(images: Iterable[Desired]) -> str:
    """Return what is wanted in one line, without the values of variables and flags."""
    return ", ".join(f"{one}={' '.join(settings(one))}" for one in images)


def settings(one: Desired | Exempt) -> Iterator[str]:
    """Yield what is wanted, without the values of variables and flags."""
    yield from [one.image] if one.image else ()
    yield from (f"env:{variable.name}" for variable in one.env)
    yield from (f"args:{flag.partition('=')[0]}" for flag in one.args)


class Activate(StrEnum):
    """How a change is made to act."""

    RESTART = "restart"
    """The controller is restarted, and looks at every service."""
    EACH = "each"
    """Only the services that the plan moves are woken, wave by wave."""
    NONE = "none"
    """Nothing is done: each service moves at its own next reconcile."""


class Selection(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename="camel"
):
    """Who is meant: services that fit every field that is not empty, but those excluded.

    ``selector`` is a label selector as kubectl takes it, ``runtimes`` are names. ``exclude``
    holds NAMESPACE or NAMESPACE/NAME, with ``*``, ``?`` and ``[...]`` as in file names.
    """

    namespaces: tuple[str, ...] = ()
    selector: str = ""
    formats: tuple[str, ...] = ()
    runtimes: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Everything that decides what a plan holds; the same options resume the same run.

    ``wave_size`` is how many services are woken at once (None leaves it to the strategy), ``pause``
    how many seconds lie between two waves. ``canary`` are services (NAMESPACE/NAME) that go first,
    and ``max_unavailable`` is how many may be rolled out at one time, in scope service. ``target``
    is the release of an upgrade to come, ``0.9.0``: see ``prepares`` and ``Strategy.HOLD``.
    ``checkpoint`` is the NAME or FILE that is rolled back to, and ``keep_runtimes`` leaves the
    ServingRuntimes that kmigrate made since where they are.

    Plans are compared by the digests of what they say. So a field that comes later is left out
    where nothing is said: its default is UNSET, and the plans of before stay what they are.
    """

    images: tuple[Desired, ...] = ()
    strategy: Strategy = Strategy.IN_PLACE
    scope: Scope = Scope.NAMESPACE
    wave_size: int | None = None
    pause: float = 0.0
    canary: tuple[str, ...] = ()
    max_unavailable: int | None = None
    repin: bool = False
    convert: bool = False
    target: str | UnsetType = UNSET
    checkpoint: str | UnsetType = UNSET
    keep_runtimes: bool | UnsetType = UNSET
    former: FormerOf | UnsetType = UNSET
    activate: Activate | None = None
    selection: Selection = Selection()
    take_ownership: bool = False
    max_restarts: int | None = None
    max_namespaces: int | None = None
    accept: tuple[str, ...] = ()
    kserve_version: str = ""

    @property
    def resets(self) -> bool:
        """Whether the global setting is to be set back."""
        return self.strategy is Strategy.RESET_GLOBAL

    @property
    def prepares(self) -> bool:
        """Whether the plan is for the time after the upgrade, and nothing of it for now."""
        return bool(self.target) and self.strategy is Strategy.TO_RUNTIMES

    @property
    def asks(self) -> bool:
        """Whether a change is asked for at all."""
        return bool(self.images or self.former) or self.strategy is not Strategy.IN_PLACE

    @property
    def for_runtimes(self) -> tuple[Desired, ...]:
        """The images but for those that are meant for `predictors` alone."""
        alone = self.former.predictors if self.former else ()
        return tuple(image for image in self.images if str(image) not in alone)


def without_release(options: Options) -> Options:
    """Return what is wanted alone: naming the release does not make it something else.

    Nor do images that are told by what was.
    """
    told = {"images": (), "former": options.former.asked} if options.former else {}
    return msgspec.structs.replace(options, kserve_version="", **told)


def labels_of(selector: str) -> tuple[tuple[str, str], ...]:
    """Return the labels, as (key, value), that the selector of an exception asks for."""
    pairs = (pair.partition("=") for pair in selector.split(",") if pair)
    return tuple((key, value) for key, _, value in pairs)
