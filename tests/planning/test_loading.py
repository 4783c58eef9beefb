"""Whether a model loads after its image changed; docs/kserve/servers.md tells what was tried."""

from __future__ import annotations

import pytest

from migrate.catalog.servers import Server, recorded_servers
from migrate.planning.stock.loading import Break, Kind, breaks, breaks_between, known, unknown

SKLEARN = "registry.example.com/ml/sklearnserver:v{}"
BREAKS, MAY_BREAK = Kind.BREAKS, Kind.MAY_BREAK


def told(before: str, after: str, model_format: str = "") -> list[tuple[Kind, str]]:
    return [(each.kind, each.library) for each in breaks(before, after, model_format)]


def of(name: str, before: str, after: str, model_format: str = "") -> list[tuple[Kind, str]]:
    return told(f"{name}:{before}", f"{name}:{after}", model_format)


def holding(name: str, **versions: str) -> Server:
    return Server(name, "test", {key.replace("_", "-"): v for key, v in versions.items()})


def between(before: Server, after: Server, model_format: str = "") -> list[tuple[Kind, str]]:
    return [(each.kind, each.library) for each in breaks_between(before, after, model_format)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("0.7.0", "0.8.0", [(BREAKS, "scikit-learn")]),
        ("0.8.0", "0.7.0", [(BREAKS, "scikit-learn")]),
        ("0.8.0", "0.9.0", []),
        ("0.9.0", "0.10.2", [(MAY_BREAK, "python")]),
        ("0.10.2", "0.9.0", [(BREAKS, "python")]),
        ("0.10.2", "0.11.2", [(BREAKS, "scikit-learn")]),
        ("0.11.2", "0.10.2", [(BREAKS, "scikit-learn")]),
        ("0.11.2", "0.12.1", []),
        ("0.13.1", "0.14.1", [(MAY_BREAK, "python"), (BREAKS, "scikit-learn")]),
        ("0.14.1", "0.13.1", [(MAY_BREAK, "python"), (BREAKS, "scikit-learn")]),
        ("0.15.0", "0.15.2", []),
        ("0.15.2", "0.15.0", [(BREAKS, "numpy")]),
        (
            "0.15.2", "0.13.1",
            [(MAY_BREAK, "python"), (BREAKS, "numpy"), (BREAKS, "scikit-learn")],
        ),
        ("0.16.0", "0.20.0", []),
    ],
)  # fmt: skip
def test_sklearnserver(before: str, after: str, expected: list[tuple[Kind, str]]) -> None:
    images = (SKLEARN.format(before), f"kserve/sklearnserver:v{after}")
    assert told(*images) == expected


def test_upgrades_over_several_layouts_tell_each() -> None:
    images = ("kserve/sklearnserver:v0.7.0", "kserve/sklearnserver:v0.20.0")
    modules, trees, later = (e for e in breaks(*images) if e.library == "scikit-learn")
    assert "sklearn.svm.classes" in modules.text
    assert "across 1.3" in trees.text
    assert "across 1.4" in later.text


def test_a_break_names_both_versions_and_its_source() -> None:
    (found,) = breaks("kserve/sklearnserver:v0.10.2", "kserve/sklearnserver:v0.9.0")
    assert found.text.startswith("python 3.9 to 3.7: ")
    assert "protocol 5" in found.text
    assert found.source.startswith("Python, pickle")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("v0.7.0", "v0.20.0", []),
        ("v0.8.0", "v0.7.0", [BREAKS]),
        ("v0.11.2", "v0.10.2", [BREAKS]),
        ("v0.14.1", "v0.13.1", [MAY_BREAK]),
        ("v0.15.2", "v0.15.0", []),
        ("v0.13.1", "v0.14.1", []),
    ],
)
def test_xgbserver_reads_older_files_and_no_pickles(
    before: str, after: str, expected: list[Kind]
) -> None:
    assert of("kserve/xgbserver", before, after) == [(kind, "xgboost") for kind in expected]


@pytest.mark.parametrize(
    ("image", "before", "after", "expected"),
    [
        ("kserve/lgbserver", "v0.13.1", "v0.14.1", [(MAY_BREAK, "lightgbm")]),
        ("kserve/lgbserver", "v0.10.0", "v0.13.1", []),
        ("kserve/pmmlserver", "v0.7.0", "v0.20.0", []),
        ("kserve/paddleserver", "v0.15.2", "v0.16.0", [(MAY_BREAK, "paddlepaddle")]),
        ("kserve/paddleserver", "v0.16.0", "v0.15.2", [(BREAKS, "paddlepaddle")]),
        ("pytorch/torchserve-kfs", "0.8.2", "0.9.0", []),
        ("pytorch/torchserve-kfs", "0.9.0", "0.8.2", [(MAY_BREAK, "torch")]),
        ("tensorflow/serving", "1.14.0", "2.6.2", [(MAY_BREAK, "tensorflow-serving")]),
        ("tensorflow/serving", "2.6.2", "1.14.0", [(MAY_BREAK, "tensorflow-serving")]),
        ("tensorflow/serving", "2.5.1", "2.6.2", []),
        ("tensorflow/serving", "2.6.2", "2.5.1", [(MAY_BREAK, "tensorflow-serving")]),
        ("tensorflow/serving", "2.6.2", "2.6.2-gpu", []),
        ("nvcr.io/nvidia/tritonserver", "21.09-py3", "23.05-py3", [(MAY_BREAK, "triton")]),
        ("openvino/model_server", "2022.2", "2022.1", []),
        (
            "kserve/huggingfaceserver", "v0.14.1", "v0.13.1",
            [(MAY_BREAK, "transformers"), (MAY_BREAK, "vllm")],
        ),
        ("kserve/huggingfaceserver", "v0.13.1", "v0.14.1", []),
        ("kserve/huggingfaceserver", "v0.19.0", "v0.20.0", [(MAY_BREAK, "transformers")]),
        ("vllm/vllm-openai", "v0.20.0", "v0.19.0", [(MAY_BREAK, "vllm")]),
    ],
)  # fmt: skip
def test_other_servers(
    image: str, before: str, after: str, expected: list[tuple[Kind, str]]
) -> None:
    assert of(image, before, after) == expected


@pytest.mark.parametrize(
    ("model_format", "expected"),
    [
        ("sklearn", [(BREAKS, "scikit-learn")]),
        ("mlflow", [(BREAKS, "scikit-learn")]),
        ("xgboost", []),
        ("", [(BREAKS, "scikit-learn")]),
    ],
)
def test_of_mlserver_only_what_the_model_s_format_needs(
    model_format: str, expected: list[tuple[Kind, str]]
) -> None:
    """1.4.0 holds scikit-learn 1.3.0 and xgboost 1.7.6; 1.5.0 has 1.4.1.post1 and 2.0.3."""
    assert of("seldonio/mlserver", "1.4.0", "1.5.0", model_format) == expected


def test_files_of_a_newer_joblib() -> None:
    """Models in MLflow's format are not joblib's files."""
    broken = [(BREAKS, "python"), (BREAKS, "joblib"), (BREAKS, "scikit-learn")]
    assert told("mlserver:1.4.0", "mlserver:0.2.1", "sklearn") == broken
    assert (BREAKS, "joblib") not in told("mlserver:1.4.0", "mlserver:0.2.1", "mlflow")
    assert "joblib" not in {each.library for each in breaks("mlserver:0.2.1", "mlserver:1.4.0")}


def test_python_3_8_is_the_first_with_protocol_5() -> None:
    assert told("mlserver:1.3.2", "mlserver:0.4.1", "sklearn") == [(BREAKS, "python")]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("2.19.0", "3.2.0", [(MAY_BREAK, "mlflow")]),
        ("3.2.0", "2.19.0", [(BREAKS, "mlflow")]),
        ("2.19.0", "2.10.2", []),
    ],
)
def test_mlflow(before: str, after: str, expected: list[tuple[Kind, str]]) -> None:
    servers = (holding("mlserver", mlflow=before), holding("mlserver", mlflow=after))
    assert between(*servers, "mlflow") == expected
    assert between(*servers, "sklearn") == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("0.20.3", "0.23.1", [BREAKS]),
        ("0.24.2", "1.0.1", [MAY_BREAK]),
        ("1.4.1.post1", "1.4.2", []),
        ("1.4.2", "1.3.2", [BREAKS]),
        ("1.4.2", "1.5.0", [MAY_BREAK]),
        ("1.5.2", "1.6.1", [MAY_BREAK]),
        ("1.6.1", "1.5.2", [MAY_BREAK]),
        ("1.5.2", "1.4.2", [BREAKS]),
        ("1.5.2", "1.3.2", [BREAKS]),
        ("1.5.2", "1.0.1", [BREAKS, BREAKS]),
    ],
)
def test_scikit_learn(old: str, new: str, expected: list[Kind]) -> None:
    servers = (holding("mlserver", scikit_learn=old), holding("mlserver", scikit_learn=new))
    assert between(*servers) == [(kind, "scikit-learn") for kind in expected]


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("2.0.2", "1.24.4", "numpy._core"),
        ("2.0.2", "1.26.0", "numpy._core"),
        ("2.0.2", "1.26.1", "random generator"),
        ("1.26.4", "2.0.2", ""),
        ("1.26.4", "1.24.4", ""),
        ("2.2.4", "2.0.2", ""),
    ],
)
def test_numpy(old: str, new: str, text: str) -> None:
    servers = (holding("sklearnserver", numpy=old), holding("sklearnserver", numpy=new))
    assert [text in each.text for each in breaks_between(*servers)] == ([True] if text else [])


def test_torch_of_another_major_release() -> None:
    servers = (holding("torchserve-kfs", torch="1.13.1"), holding("torchserve-kfs", torch="2.0.0"))
    assert between(*servers) == [(MAY_BREAK, "torch")]
    assert between(*servers[::-1]) == [(MAY_BREAK, "torch")]


def test_servers_that_load_different_things() -> None:
    (found,) = breaks("kserve/sklearnserver:v0.9.0", "kserve/xgbserver:v0.9.0")
    assert found == Break(
        BREAKS, "", "sklearnserver:v0.9.0 loads sklearn; xgbserver:v0.9.0 loads xgboost"
    )


def test_from_one_server_to_another_of_the_same_models() -> None:
    found = told("kserve/sklearnserver:v0.9.0", "seldonio/mlserver:1.5.0")
    assert found == [(MAY_BREAK, "python"), *[(BREAKS, "scikit-learn")] * 2]
    assert told("seldonio/mlserver:1.5.0", "kserve/sklearnserver:v0.9.0", "xgboost") == [
        (BREAKS, "")
    ]


@pytest.mark.parametrize("image", ["kserve/sklearnserver:v0.7.0", "team/own-server:v0.20.0"])
def test_nothing_where_an_image_is_not_known(image: str) -> None:
    assert not told(image, "team/own-server:v1")
    assert not told("team/own-server:v1", image)


def test_tells_what_it_cannot_tell() -> None:
    def hidden(before: str, after: str, model_format: str = "") -> tuple[str, ...]:
        ours, theirs = known(before), known(after)
        assert ours
        assert theirs
        return unknown(ours, theirs, model_format)

    old, new = "seldonio/mlserver:1.3.2", "seldonio/mlserver:1.5.0"
    assert hidden(old, new, "sklearn") == ("joblib", "numpy", "scikit-learn")
    assert hidden(old, new, "xgboost") == ("xgboost",)
    assert hidden(old, old) == ()
    assert hidden(new, "seldonio/mlserver:1.7.1", "mlflow") == ()
    assert hidden("kserve/xgbserver:v0.7.0", "kserve/xgbserver:v0.8.0") == ()


def test_the_same_image_breaks_nothing() -> None:
    servers = [Server(n, t, v) for n, tags in recorded_servers().items() for t, v in tags.items()]
    assert len(servers) > 200
    assert [s for s in servers if list(breaks_between(s, s)) or unknown(s, s)] == []
