"""The rules of which change of a library keeps a saved model from loading, as a table.

Each has its source: the library's own documentation or code; "tried" means that models were
saved and loaded with the releases named, which docs/kserve/servers.md lists.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from typing import NamedTuple

from migrate.catalog.servers import Form

Version = tuple[int, ...]
Change = Callable[[Version, Version], bool]


class Kind(enum.StrEnum):
    """BREAKS: models of the sort that the text names do not load. MAY_BREAK: nobody promises."""

    BREAKS = "breaks"
    MAY_BREAK = "may break"


class Rule(NamedTuple):
    """A change of a library that matters for models of these forms."""

    library: str
    change: Change
    forms: frozenset[Form]
    kind: Kind
    text: str
    source: str


def version(text: str) -> Version:
    """Return the numbers of a version: (1, 4, 1) for ``1.4.1.post1``."""
    found = re.match(r"\d+(?:\.\d+)*", text)
    return tuple(int(number) for number in found[0].split(".")) if found else ()


def falls(below: Version, *, since: Version | None = None, to: Version = ()) -> Change:
    """From `since` (else `below`) or later to less than `below`, but not less than `to`."""
    first = since or below
    return lambda old, new: old >= first and to <= new < below


def rises(to: Version) -> Change:
    """From less than `to` to it or later."""
    return lambda old, new: old < to <= new


def crosses(at: Version) -> Change:
    """Either way."""
    return lambda old, new: (old < at) != (new < at)


def older(parts: int) -> Change:
    """To an older release, by the first `parts` numbers of the version."""
    return lambda old, new: new[:parts] < old[:parts]


def other(parts: int) -> Change:
    """To another release, by the first `parts` numbers of the version."""
    return lambda old, new: new[:parts] != old[:parts]


_PICKLED = frozenset({Form.SKLEARN, Form.MLFLOW})
_JOBLIB = frozenset({Form.SKLEARN})
_MLFLOW = frozenset({Form.MLFLOW})
_XGBOOST = frozenset({Form.XGBOOST})
_LIGHTGBM = frozenset({Form.LIGHTGBM})
_PADDLE = frozenset({Form.PADDLE})
_MAR = frozenset({Form.MAR})
_SAVED_MODEL = frozenset({Form.SAVED_MODEL})
_REPOSITORY = frozenset({Form.REPOSITORY})
_TRANSFORMERS = frozenset({Form.TRANSFORMERS})

_NO_DOWNGRADE = "models of a newer release are not promised to load in an older one"
_SKLEARN = "scikit-learn, Model persistence; tried"
_XGBOOST_IO = "XGBoost, Introduction to Model IO and Consistency for Language Bindings"

LOADING: tuple[tuple[Rule, ...], ...] = (
    (
        Rule(
            "python", falls((3, 8)), _PICKLED, Kind.BREAKS,
            "pickles of protocol 5, which cloudpickle writes, cannot be read before 3.8",
            "Python, pickle, Data stream format; tried",
        ),
        Rule(
            "python", other(2), _PICKLED, Kind.MAY_BREAK,
            "functions and classes that were pickled by value hold bytecode of the one Python;"
            " joblib does not fully support another",
            "cloudpickle, README; joblib, Persistence, Compatibility across python versions",
        ),
    ),
    (
        Rule(
            "joblib", falls((1, 2)), _JOBLIB, Kind.BREAKS,
            "files with arrays that 1.2 or later wrote are aligned, and older ones misread them",
            "joblib, CHANGES, 1.2.0, and numpy_pickle.py; tried",
        ),
    ),
    (
        Rule(
            "numpy", falls((1, 26, 1), since=(2,)), _PICKLED, Kind.BREAKS,
            "arrays pickled by 2.0 or later name numpy._core, which is missing before 1.26.1",
            "NumPy, release notes of 1.26.1; tried",
        ),
        Rule(
            "numpy", falls((2,), to=(1, 26, 1)), _PICKLED, Kind.BREAKS,
            "models that keep a random generator, as gradient boosting does, are not read",
            "tried",
        ),
    ),
    (
        Rule(
            "scikit-learn", falls((0, 22)), _PICKLED, Kind.BREAKS,
            "pickles of 0.22 or later name private modules that older releases do not have",
            "sklearn/_build_utils/deprecated_modules.py of scikit-learn 0.22; tried",
        ),
        Rule(
            "scikit-learn", rises((0, 22)), _PICKLED, Kind.BREAKS,
            "most models from before 0.22 lack what 0.22 needs, and the modules that their pickles"
            " name, such as sklearn.svm.classes, are gone since 0.24",
            "sklearn/_build_utils/deprecated_modules.py of scikit-learn 0.22; tried",
        ),
        Rule(
            "scikit-learn", crosses((1, 3)), _PICKLED, Kind.BREAKS,
            "decision trees, forests, gradient boosting and nearest neighbours do not load across"
            " 1.3, which laid them out anew",
            "tried",
        ),
        Rule(
            "scikit-learn", crosses((1, 4)), _PICKLED, Kind.BREAKS,
            "gradient boosting does not load across 1.4, nor do trees and forests from before it",
            "tried",
        ),
        Rule(
            "scikit-learn", falls((1, 5), to=(1, 4)), _PICKLED, Kind.BREAKS,
            "gradient boosting of 1.5 or later does not load in 1.4",
            "tried",
        ),
        Rule(
            "scikit-learn", other(2), _PICKLED, Kind.MAY_BREAK,
            "a pickle is supported by no release but the one that wrote it",
            _SKLEARN,
        ),
    ),
    (
        Rule(
            "xgboost", falls((1,)), _XGBOOST, Kind.BREAKS,
            "no file that 1.0 or later wrote can be read",
            f"{_XGBOOST_IO}; tried",
        ),
        Rule(
            "xgboost", falls((1, 6), to=(1,)), _XGBOOST, Kind.BREAKS,
            "files .json and .ubj of 1.6 or later cannot be read, nor any that 2.1 or later wrote",
            f"{_XGBOOST_IO}; tried",
        ),
        Rule("xgboost", older(2), _XGBOOST, Kind.MAY_BREAK, _NO_DOWNGRADE, _XGBOOST_IO),
    ),
    (
        Rule(
            "lightgbm", other(1), _LIGHTGBM, Kind.MAY_BREAK,
            "LightGBM promises nothing across major releases; files of plain models loaded",
            "tried",
        ),
    ),
    (
        Rule(
            "mlflow", falls((3,)), _MLFLOW, Kind.BREAKS,
            "MLflow 2 does not load what MLflow 3 saved",
            "MLflow 3, FAQs",
        ),
        Rule(
            "mlflow", other(1), _MLFLOW, Kind.MAY_BREAK,
            "another major release may read the MLmodel file otherwise",
            "MLflow 3, FAQs",
        ),
    ),
    (
        Rule(
            "paddlepaddle", falls((3,)), _PADDLE, Kind.BREAKS,
            "programs saved as .json, as Paddle 3 does, are not looked for before",
            "paddleserver/model.py of KServe 0.15.2 and 0.16.0",
        ),
        Rule(
            "paddlepaddle", other(1), _PADDLE, Kind.MAY_BREAK,
            "another major release has another inference program",
            "Paddle, save_inference_model, legacy_format",
        ),
    ),
    (
        Rule(
            "torch", other(1), _MAR, Kind.MAY_BREAK,
            "handlers and TorchScript of another major release may not load",
            "PyTorch, torch.jit.save",
        ),
        Rule(
            "torch", older(2), _MAR, Kind.MAY_BREAK,
            "TorchScript of a newer release need not load in an older one",
            "PyTorch, torch.jit.save",
        ),
    ),
    (
        Rule(
            "tensorflow-serving", other(1), _SAVED_MODEL, Kind.MAY_BREAK,
            "SavedModels are promised to load within one major release of TensorFlow",
            "TensorFlow, Version compatibility",
        ),
        Rule(
            "tensorflow-serving", older(2), _SAVED_MODEL, Kind.MAY_BREAK, _NO_DOWNGRADE,
            "TensorFlow, Version compatibility",
        ),
    ),
    (
        Rule(
            "triton", other(2), _REPOSITORY, Kind.MAY_BREAK,
            "TensorRT engines load in the TensorRT that built them only, unless built to be"
            " version compatible; releases of Triton differ in it",
            "TensorRT, Version Compatibility",
        ),
    ),
    (
        Rule(
            "transformers", other(1), _TRANSFORMERS, Kind.MAY_BREAK,
            "another major release may not load a model or its tokenizer",
            "transformers, MIGRATION_GUIDE_V5",
        ),
        Rule(
            "transformers", older(2), _TRANSFORMERS, Kind.MAY_BREAK,
            "a model type that an older release does not know does not load",
            "transformers, what AutoConfig says of a model type that it does not know",
        ),
    ),
    (
        Rule(
            "vllm", older(2), _TRANSFORMERS, Kind.MAY_BREAK,
            "an architecture that an older release does not know does not load",
            "vLLM, Troubleshooting, Model not supported",
        ),
    ),
)  # fmt: skip
"""A group for each library; within it, what BREAKS stands first."""
