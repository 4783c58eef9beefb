"""Of the README.md of a rendered folder: services that Git has in the framework form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate.planning.change.rendering import Item

_MODEL = "/spec/predictor/model/"


def form_lines(items: Sequence[Item]) -> Iterator[str]:
    """Yield what to do about them, where fields of ``model`` are set.

    The webhook makes a new ``model`` of the framework field at each write that has one, and drops
    what stands in ``model`` beside it: ``setPredictorModelDefaults`` in
    ``inference_service_defaults.go``, 0.8.0 to 0.20.0.
    """
    set_ = [item.target for item in items if any(path.startswith(_MODEL) for path in item.paths)]
    if not set_:
        return
    yield from ("## Services that your Git has with `sklearn:` or the like", "")
    yield "These files set fields of `model`. Where your Git names the framework instead, KServe"
    yield "makes a new `model` of that at each write, also at each sync, and drops what is set"
    yield "beside it, without an error. There, commit the `model` that the cluster has in place of"
    yield "the framework, and set the fields in that:"
    get = f"kubectl get inferenceservice {set_[0].name} -n {set_[0].namespace}"
    yield from ("", "```console", f"$ {get} -o jsonpath='{{.spec.predictor.model}}'", "```", "")
