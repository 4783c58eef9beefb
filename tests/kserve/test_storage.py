"""Where a model may be: ``ValidateStorageURI`` in ``utils/utils.go``, 0.9 to 0.20."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from migrate.kserve.services import Framework
from migrate.kserve.storage import StorageContainer, is_foreign, named_twice, refusal
from tests.kserve.release import rules

# The first release whose SupportedStorageURIPrefixList has it.
SINCE = {
    **dict.fromkeys(["gs://b", "s3://b", "pvc://c", "file://d", "https://h", "http://h"], "0.8"),
    **dict.fromkeys(["hdfs://h", "webhdfs://h"], "0.9"),
    "oci://i": "0.12",
    "hf://m": "0.15",
    "oci+native://i": "0.20",
}
ORDER = ["0.8", "0.9", "0.10", "0.11", "0.12", "0.14", "0.15", "0.19", "0.20"]


@pytest.mark.parametrize("release", ORDER)
@pytest.mark.parametrize(("uri", "since"), SINCE.items())
def test_a_release_knows_some_schemes(release: str, uri: str, since: str) -> None:
    knows = ORDER.index(release) >= ORDER.index(since)
    assert is_foreign(Framework(storage_uri=uri), rules(release)) is not knows


@pytest.mark.parametrize(
    ("uri", "foreign"),
    [
        (None, False),
        ("", False),
        ("/mnt/models", False),
        ("models", False),
        ("://x", False),
        ("é://x", False),
        ("gs:/b", False),
        ("custom://x", True),
        ("xgs://b", True),
        ("GS://b", True),
        ("https://account.blob.core.windows.net/container/m", False),
        ("https://my-blob.core.windows.net/container/m", False),
        ("https://account.blob.core.windows.net/", True),
        ("https://blob.core.windows.net/m", True),
        ("http://account.blob.core.windows.net/m", True),
        ("gs://blob.core.windows.net/m", True),
    ],
)
def test_what_is_no_uri_passes_and_azure_has_a_form_of_its_own(
    uri: str | None, foreign: bool
) -> None:
    assert is_foreign(Framework(storage_uri=uri), rules("0.20")) is foreign


def container(*formats: dict[str, str], **more: Any) -> StorageContainer:
    document = {"metadata": {"name": "c"}, "spec": {"supportedUriFormats": formats}, **more}
    return msgspec.convert(document, StorageContainer)


TAKEN = [
    (container({"prefix": "custom://"}), True),
    (container({"prefix": "other://"}, {"prefix": "custom://"}), True),
    (container({"prefix": "ustom://"}), False),
    (container({"regex": "^cus.*m"}), True),
    (container({"regex": "model$"}), True),
    (container({"regex": "^model"}), False),
    (container({"prefix": "other://", "regex": "custom"}), False),
    (container({}), False),
    (container(), False),
    (container({"prefix": "custom://"}, disabled=True), False),
    (container({"prefix": "custom://"}, disabled=False), True),
    (msgspec.convert({"metadata": {"name": "c"}}, StorageContainer), False),
]


@pytest.mark.parametrize(("one", "taken"), TAKEN)
def test_a_storage_container_takes_more(one: StorageContainer, taken: bool) -> None:
    """``IsStorageUriSupported`` in ``storage_container_types.go``, 0.20.0."""
    spec = Framework(storage_uri="custom://a/model")
    assert one.takes("custom://a/model") is taken
    told = refusal(spec, [container(), one], rules("0.20"))
    assert told == ("" if taken else "KServe 0.20 takes no storageUri such as custom://a/model")


def test_what_was_not_read_cannot_be_told() -> None:
    spec, known = Framework(storage_uri="custom://x"), Framework(storage_uri="gs://x")
    assert refusal(spec, None, rules("0.20")) is None
    assert refusal(spec, [container({"regex": "(?z)"})], rules("0.20")) is None
    assert refusal(known, None, rules("0.20")) == ""
    assert refusal(Framework(), [], rules("0.20")) == ""


@pytest.mark.parametrize(
    ("uri", "storage", "twice"),
    [
        ("gs://b", {"path": "p"}, True),
        ("", {"path": ""}, True),
        ("gs://b", {"key": "k"}, False),
        ("gs://b", None, False),
        (None, {"path": "p"}, False),
    ],
)
def test_a_uri_and_a_path_of_a_storage_are_one_too_many(
    uri: str | None, storage: dict[str, Any] | None, twice: bool
) -> None:
    """``addStorageSpecAnnotations`` in ``components/component.go``, 0.9 on."""
    assert named_twice(Framework(storage_uri=uri, storage=storage)) is twice
