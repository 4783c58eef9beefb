"""What the images of the model servers hold: Python, and the libraries that load a saved model.

Recorded in ``servers.json`` by ``tests/catalog/record_servers.py`` from the files the images are
built from, at the tags of the releases:

- KServe 0.7.0 to 0.20.0: ``python/*.Dockerfile`` for Python; for libraries, the pins (``==``) in
  ``python/*/setup.py`` to 0.10.2, then ``poetry.lock`` to 0.15.2 and ``uv.lock``, where the
  Dockerfile installs by the lock. vLLM, and torch on a CPU, by the Dockerfile's ``ARG``.
- MLServer 0.2.0 to 1.7.1: ``Dockerfile``; the pins in ``runtimes/*/setup.py``, which 0.3 to 1.3
  do not have, then ``poetry.lock``, by which the image has been built since 1.4.0.
- TorchServe 0.4.1 to 0.12.0: ``docker/Dockerfile``; ``requirements/torch_*.txt`` from 0.8.0 on,
  before which the image took whatever torch was newest on the day of its build.

What those files leave open is not here: nothing is guessed. Of other servers only the version
that their tag says is known. docs/kserve/servers.md shows all of it.
"""

from __future__ import annotations

import enum
import functools
import importlib.resources
import re
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

_FILE = "servers.json"


class Form(enum.StrEnum):
    """How a model is stored; the first four have the names of KServe's model formats."""

    SKLEARN = "sklearn"
    XGBOOST = "xgboost"
    LIGHTGBM = "lightgbm"
    MLFLOW = "mlflow"
    AUTOGLUON = "AutoGluon"
    MAR = "model archive"
    OPENVINO = "OpenVINO"
    PADDLE = "paddle"
    PMML = "PMML"
    PYTORCH = "torch file and class"
    REPOSITORY = "Triton model repository"
    SAVED_MODEL = "SavedModel"
    TRANSFORMERS = "Hugging Face"


_TABULAR = (Form.SKLEARN, Form.XGBOOST, Form.LIGHTGBM)
LOADS: Mapping[str, frozenset[Form]] = {
    "sklearnserver": frozenset({Form.SKLEARN}),
    "xgbserver": frozenset({Form.XGBOOST}),
    "lgbserver": frozenset({Form.LIGHTGBM}),
    "predictiveserver": frozenset(_TABULAR),
    "mlserver": frozenset({*_TABULAR, Form.MLFLOW}),
    "autogluonserver": frozenset({Form.AUTOGLUON}),
    "paddleserver": frozenset({Form.PADDLE}),
    "pmmlserver": frozenset({Form.PMML}),
    "pytorchserver": frozenset({Form.PYTORCH}),
    "huggingfaceserver": frozenset({Form.TRANSFORMERS}),
    "vllm-openai": frozenset({Form.TRANSFORMERS}),
    "torchserve-kfs": frozenset({Form.MAR}),
    "serving": frozenset({Form.SAVED_MODEL}),
    "tritonserver": frozenset({Form.REPOSITORY}),
    "model_server": frozenset({Form.OPENVINO}),
}
"""What each server loads: ``load`` in ``python/*/*/model.py`` of KServe, 0.7.0 to 0.20.0.

sklearnserver reads pickles, by joblib; xgbserver and lgbserver files that ``save_model`` wrote,
never pickles. MLServer does the same (``runtimes/*/mlserver_*/*.py``, 1.7.1).
"""


class Server(msgspec.Struct, frozen=True):
    """A model server of one release; ``name`` is the last part of its repository.

    ``versions`` has those that are known, by the name of the library on PyPI; and ``python``
    as ``3.11``.
    """

    name: str
    tag: str
    versions: dict[str, str]

    @property
    def loads(self) -> frozenset[Form]:
        """The forms of models that it loads."""
        return LOADS[self.name]

    def __str__(self) -> str:
        return f"{self.name}:{self.tag}"


class _Tagged(NamedTuple):
    """A server whose tag says its version, and nothing else is known of it."""

    repository: re.Pattern[str]
    tag: re.Pattern[str]
    library: str


_TAGGED = (
    _Tagged(
        re.compile(r"(?:.*/)?tensorflow/serving"),
        re.compile(r"(\d+\.\d+\.\d+)(?:-gpu)?", re.ASCII),
        "tensorflow-serving",
    ),
    _Tagged(
        re.compile(r"(?:.*/)?tritonserver"),
        re.compile(r"(\d{2}\.\d{2}(?:\.\d+)?)-py3", re.ASCII),
        "triton",
    ),
    _Tagged(
        re.compile(r"(?:.*/)?openvino/model_server"),
        re.compile(r"(\d{4}\.\d+(?:\.\d+)?)(?:-gpu)?", re.ASCII),
        "openvino",
    ),
    _Tagged(re.compile(r"(?:.*/)?vllm-openai"), re.compile(r"v(\d+\.\d+\.\d+)", re.ASCII), "vllm"),
)


def server(repository: str, tag: str) -> Server | None:
    """Return what an image holds, whatever registry it comes from; None if it is not known.

    KServe's own images are known by the last part of the repository and a release's tag:
    ``registry.example.com/ml/sklearnserver``, ``v0.7.0``.
    """
    name = repository.rpartition("/")[2]
    recorded = recorded_servers().get(name, {}).get(tag)
    if recorded is not None:
        return Server(name, tag, recorded)
    found = (_told_by_tag(each, repository, tag) for each in _TAGGED)
    return next((Server(name, tag, versions) for versions in found if versions), None)


def _told_by_tag(each: _Tagged, repository: str, tag: str) -> dict[str, str]:
    found = each.repository.fullmatch(repository) and each.tag.fullmatch(tag)
    return {each.library: found[1]} if found else {}


@functools.cache
def recorded_servers() -> Mapping[str, Mapping[str, dict[str, str]]]:
    """Return the recorded versions by server and tag, oldest tag first."""
    file = importlib.resources.files(__package__).joinpath(_FILE)
    return msgspec.json.decode(file.read_bytes(), type=dict[str, dict[str, dict[str, str]]])
