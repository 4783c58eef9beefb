"""Where each argument and each variable of a container comes from."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from migrate.credentials import MASK, hidden_arguments, looks_like_credential
from migrate.kserve.building import base_container
from migrate.kserve.containers import Container
from migrate.kserve.resolution import Resolution
from migrate.kserve.rules import Rules
from migrate.kserve.services import InferenceService, framework_of
from migrate.objects import Json, Manifest, canonical, printable

SERVICE = "the service"
RUNTIME = "the runtime"
KSERVE = "KServe"


class Origin(msgspec.Struct, frozen=True, rename="camel"):
    """A text of a container, and who put it there; ``source`` is empty where it was read."""

    value: str
    source: str = ""


class Made:
    """A container that KServe makes, with what it is made of.

    In the framework form KServe itself takes the place of the runtime.
    """

    def __init__(self, service: InferenceService, found: Resolution, rules: Rules) -> None:
        assert found.pod is not None
        self._container = found.pod.container
        runtime = found.runtime
        self._base = base_container(runtime, rules) if runtime else Container()
        self._own = service.spec.predictor.model or framework_of(service) or Container()
        self._runtime = RUNTIME if runtime else KSERVE
        self._server = f"KServe's defaults for {found.server}" if found.server else KSERVE
        self._is_legacy = runtime is None

    def arguments(self) -> Iterator[Origin]:
        """Yield the arguments: the runtime's come first, then the service's, then the server's."""
        args = self._container.get("args", ())
        shown = hidden_arguments(args)
        base = [(text, self._runtime) for text in self._base.args or ()]
        own = [(text, SERVICE) for text in self._own.args or ()]
        if self._is_legacy:
            base = [(text, KSERVE) for text in args[: len(args) - len(own)]]
        written = [*base, *own]
        for at, value in enumerate(args):
            template, source = written[at] if at < len(written) else (value, self._server)
            told = _filled(source, template, value) if shown[at] == value else source
            yield Origin(printable(shown[at]), told)

    def variables(self) -> Iterator[Origin]:
        """Yield the variables with their values, those that look like credentials hidden."""
        base = {item.get("name"): item for item in self._base.env or ()}
        own = {item.get("name") for item in self._own.env or ()}
        for item in self._container.get("env", ()):
            yield Origin(shown_variable(item), self._source(item, base, own))

    def _source(self, item: Manifest, base: dict[Json, Manifest], own: set[Json]) -> str:
        name = item["name"]
        if name in own:
            return f"{SERVICE}, over {self._runtime}" if name in base else SERVICE
        if name not in base:
            return KSERVE if name == "INFERENCE_SERVICE_NAME" else self._server
        template, value = (side.get("value", "") for side in (base[name], item))
        if looks_like_credential(name, value):
            return self._runtime
        if template == value or "{{" in template:
            return _filled(self._runtime, template, value)
        return f"{self._server}, over {self._runtime}"


def _filled(source: str, template: str, value: str) -> str:
    return source if template == value else f"{source}: {printable(template)}"


def shown_variable(item: Manifest) -> str:
    """Return ``NAME=value``, or where the value is taken from; credentials are hidden."""
    name, value = str(item.get("name", "")), str(item.get("value", ""))
    if "valueFrom" in item:
        return printable(f"{name} from {canonical(_from(item['valueFrom'])).decode()}")
    hidden = looks_like_credential(name, value)
    return printable(f"{name}={MASK if hidden else value}")


def _from(source: Manifest) -> Manifest:
    """Leave out what the API server adds: an object's version, the divisor of a resource."""
    told = {}
    for kind, ref in source.items():
        added = {"fieldRef": ("apiVersion", "v1"), "resourceFieldRef": ("divisor", "0")}.get(kind)
        told[kind] = {k: v for k, v in ref.items() if (k, str(v)) != added} if added else ref
    return told
