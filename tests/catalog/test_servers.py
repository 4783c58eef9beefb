"""What the catalog tells of the servers' images, against files of the releases read by hand."""

from __future__ import annotations

import pytest

from docs.servers import with_table
from migrate.catalog.predictors import VARIANTS
from migrate.catalog.runtimes import releases, stock
from migrate.catalog.servers import LOADS, Server, recorded_servers, server
from migrate.planning.stock.loading import known
from tests.catalog.released import RELEASES

OWN = ("sklearnserver", "xgbserver", "lgbserver", "pmmlserver", "paddleserver")
# Without a release in the tag, or of servers that no rule is about.
UNKNOWN = {
    "vllm/vllm-openai:latest",
    "pytorch/torchserve:0.6.0-cpu",
    "pytorch/torchserve:0.7.1-cpu",
    "mcr.microsoft.com/onnxruntime/server:v1.0.0",
}


def held(image: str) -> dict[str, str]:
    found = known(image)
    assert found is not None, image
    return found.versions


def minor_of(release: str) -> int:
    return int(release.split(".")[1])


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", OWN)
def test_every_release_has_its_own_servers(release: str, name: str) -> None:
    assert held(f"kserve/{name}:v{release}")["python"]


@pytest.mark.parametrize("release", RELEASES)
def test_python_of_sklearnserver(release: str) -> None:
    """As ``FROM`` (to 0.10) and ``ARG PYTHON_VERSION`` of python/sklearn.Dockerfile say."""
    minor = minor_of(release)
    expected = "3.7" if minor < 10 else "3.9" if minor < 14 else "3.11"
    assert held(f"kserve/sklearnserver:v{release}")["python"] == expected


@pytest.mark.parametrize(
    ("image", "library", "expected"),
    [
        ("kserve/sklearnserver:v0.7.0", "scikit-learn", "0.20.3"),
        ("kserve/sklearnserver:v0.8.0", "scikit-learn", "1.0.1"),
        ("kserve/sklearnserver:v0.10.2", "scikit-learn", "1.0.1"),
        ("kserve/sklearnserver:v0.11.0", "scikit-learn", "1.3.0"),
        ("kserve/sklearnserver:v0.13.1", "scikit-learn", "1.3.2"),
        ("kserve/sklearnserver:v0.20.0", "scikit-learn", "1.5.2"),
        ("kserve/xgbserver:v0.7.0", "xgboost", "0.82"),
        ("kserve/xgbserver:v0.11.2", "xgboost", "1.7.5"),
        ("kserve/lgbserver:v0.7.0", "lightgbm", "2.3.1"),
        ("kserve/lgbserver:v0.14.0", "lightgbm", "4.5.0"),
        ("kserve/paddleserver:v0.7.0", "python", "3.8"),
        ("kserve/paddleserver:v0.16.0", "paddlepaddle", "3.0.0"),
        ("kserve/huggingfaceserver:v0.14.1", "vllm", "0.6.1.post2"),
        ("kserve/huggingfaceserver:v0.17.1", "torch", "2.10.0"),
        ("kserve/huggingfaceserver:v0.17.1-gpu", "torch", "2.9.1"),
        ("kserve/huggingfaceserver:v0.15.2", "python", "3.10"),
        ("kserve/huggingfaceserver:v0.15.2-gpu", "python", "3.12"),
        ("seldonio/mlserver:0.2.1", "scikit-learn", "0.23.1"),
        ("seldonio/mlserver:1.3.2", "python", "3.8"),
        ("seldonio/mlserver:1.5.0", "scikit-learn", "1.4.1.post1"),
        ("seldonio/mlserver:1.7.1", "mlflow", "2.19.0"),
        ("pytorch/torchserve-kfs:0.9.0", "torch", "2.1.0"),
        ("tensorflow/serving:1.14.0-gpu", "tensorflow-serving", "1.14.0"),
        ("nvcr.io/nvidia/tritonserver:21.06.1-py3", "triton", "21.06.1"),
        ("openvino/model_server:2022.2", "openvino", "2022.2"),
        ("vllm/vllm-openai:v0.20.0", "vllm", "0.20.0"),
    ],
)
def test_tells_what_the_files_of_the_release_say(image: str, library: str, expected: str) -> None:
    assert held(image)[library] == expected


def test_of_locked_versions_that_of_the_image_s_python_counts() -> None:
    """uv.lock of 0.16.0 and 0.20.0 has one numpy for Python 3.11 and another below."""
    assert held("kserve/sklearnserver:v0.16.0")["numpy"] == "2.2.4"
    assert held("kserve/sklearnserver:v0.20.0")["numpy"] == "2.4.4"


@pytest.mark.parametrize(
    ("image", "hidden"),
    [
        ("kserve/sklearnserver:v0.10.2", "joblib"),
        ("kserve/paddleserver:v0.10.2", "paddlepaddle"),
        ("seldonio/mlserver:1.3.2", "scikit-learn"),
        ("kserve/predictiveserver:v0.20.0", "scikit-learn"),
        ("kserve/huggingfaceserver:v0.15.0-gpu", "transformers"),
        ("kserve/huggingfaceserver:v0.20.0-gpu", "python"),
        ("pytorch/torchserve-kfs:0.7.1", "torch"),
        ("kserve/pytorchserver:v0.7.0", "torch"),
    ],
)
def test_what_a_build_leaves_open_is_not_told(image: str, hidden: str) -> None:
    assert hidden not in held(image)


def test_every_image_that_is_shipped_is_known_or_listed_here() -> None:
    shipped = {
        image
        for release in releases()
        for runtime in stock(release)
        for origin in runtime.origins
        for image in origin.images.values()
    } | {
        f"{row.image}:{version}"
        for variant in VARIANTS
        for row in variant.rows.values()
        for version in (row.version, row.gpu_version)
        if version and not version.startswith("latest")
    }
    assert {image for image in shipped if known(image) is None} == UNKNOWN & shipped
    assert shipped >= UNKNOWN


@pytest.mark.parametrize(
    "image",
    [
        "registry.example.com:5000/a/b/sklearnserver:v0.9.0",
        "sklearnserver:v0.9.0",
        "docker.io/kserve/sklearnserver:v0.9.0",
    ],
)
def test_the_registry_does_not_matter(image: str) -> None:
    assert known(image) == Server(
        "sklearnserver", "v0.9.0", {"python": "3.7", "scikit-learn": "1.0.1"}
    )


@pytest.mark.parametrize(
    "image",
    [
        "kserve/sklearnserver:0.9.0",
        "kserve/sklearnserver:latest",
        "kserve/sklearnserver",
        "kserve/sklearnserver:v0.9.0-custom",
        "kserve/sklearnserver:v0.6.1",
        "kserve/my-sklearnserver:v0.9.0",
        f"kserve/sklearnserver:v0.9.0@sha256:{'0' * 64}",
        "seldonio/mlserver:1.5.0-slim",
        "team/serving:2.6.2",
        "team/model_server:2022.2",
        "nvcr.io/nvidia/tritonserver:23.05-py3-sdk",
        "",
        "not an image",
    ],
)
def test_an_image_of_somebody_else_is_not_known(image: str) -> None:
    assert known(image) is None


def test_every_server_has_what_it_loads() -> None:
    assert set(recorded_servers()) <= set(LOADS)
    for tagged in recorded_servers().values():
        assert all(all(versions.values()) for versions in tagged.values())


def test_a_server_says_its_name_and_tag() -> None:
    assert str(server("registry.example.com/mlserver", "1.5.0")) == "mlserver:1.5.0"


def test_the_table_in_the_docs_tells_the_same_versions() -> None:
    row = "| sklearnserver | sklearn | v0.10.0 to v0.10.2 | 3.9 | scikit-learn 1.0.1 |\n"
    page = with_table("<!-- servers -->\nstale\n<!-- /servers -->")
    assert row in page
    assert "stale" not in page
