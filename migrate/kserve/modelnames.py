"""Under which name a server serves its model, as far as its arguments say.

KServe's own servers, and some others, take ``--model_name``; without it, or with a text that is
the same for all, every model of a runtime is served under one name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate.kserve.marks import NAME
from migrate.kserve.resolution import Resolution
from migrate.kserve.services import InferenceService
from migrate.kserve.stock import (
    names_the_model,
    server_name,
    servers_that_want_a_name,
    stock_runtimes,
)

DEFAULT = "model"
"""The name that KServe's servers give a model that has none (``kserve/model_server.py``)."""


def serves_under_one_name(
    name: str, service: InferenceService, found: Resolution, release: str
) -> str:
    """Return the name that all models of a runtime are served under; empty where each has its own.

    ``name`` is that of the service, ``found`` what it gets. Servers that are told the name in
    another way, as MLServer by a variable, and those that nothing is known of, have no such name.
    """
    if found.pod is None or found.runtime is None or found.server:
        return ""
    container = found.pod.container
    texts = [*container.get("command", ()), *container.get("args", ())]
    names = list(_names(texts))
    if not names:
        hidden = any("--model_name" in text for text in texts)
        return DEFAULT if _wants_a_name(found, release) and not hidden else ""
    model = service.spec.predictor.model
    is_own = any(names_the_model(text) for text in (model.args if model else None) or ())
    return "" if is_own or names[-1] in (NAME, name) else names[-1]


def _names(texts: Sequence[str]) -> Iterator[str]:
    """Yield the values of ``--model_name``; the last one counts."""
    for at, text in enumerate(texts):
        flag, equals, value = text.partition("=")
        if flag not in ("--model_name", "--model-name"):
            continue
        if equals:
            yield value
        elif at + 1 < len(texts):
            yield texts[at + 1]


def _wants_a_name(found: Resolution, release: str) -> bool:
    """Tell whether the server, or the stock runtime of this name, is told a name."""
    assert found.runtime is not None
    shipped = stock_runtimes(release).get(found.runtime.name)
    told = [
        text
        for container in (shipped.spec.containers or () if shipped else ())
        for text in container.args or ()
    ]
    known = server_name(found.image or "") in servers_that_want_a_name(release)
    return known or any(map(names_the_model, told))
