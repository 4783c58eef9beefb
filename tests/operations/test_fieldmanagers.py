"""Who wrote a field."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.objects import Manifest
from migrate.operations.fieldmanagers import Writer, managed_by, writer_of
from tests.planning.owned import DATA, Content, config, entry, runtime

EARLY, LATE = "2026-01-02T03:04:05Z", "2026-08-20T15:58:20Z"
CONTAINER = 'k:{"name":"kserve-container"}'
PORT = 'k:{"containerPort":8080,"protocol":"TCP"}'


def by(manifest: Manifest, path: str) -> str | None:
    writer = writer_of(manifest, path)
    return writer.manager if writer else None


def owned(like: Any, *entries: Any) -> Manifest:
    manifest: Manifest = like(managedFields=list(entries))
    return manifest


def test_a_key_of_a_config_map() -> None:
    edited = entry("kubectl-edit", "Update", {"f:data": {"f:predictors": {}}}, time=LATE)
    first = entry("kubectl", "Apply", {"f:data": {".": {}, "f:ingress": {}}}, time=EARLY)
    manifest = owned(config, first, edited)
    assert writer_of(manifest, "/data/predictors") == Writer("kubectl-edit", "Update", LATE)
    assert writer_of(manifest, "/data/ingress") == Writer("kubectl", "Apply", EARLY)


def test_a_key_with_slashes_and_colons() -> None:
    key = "example.com/a~b:c"
    manifest = config(
        labels={key: "x"},
        managedFields=[entry("m", "Update", {"f:metadata": {"f:labels": {f"f:{key}": {}}}})],
    )
    assert by(manifest, "/metadata/labels/example.com~1a~0b:c") == "m"


def test_a_field_of_a_list_item_by_its_key() -> None:
    image: Content = {"f:spec": {"f:containers": {CONTAINER: {"f:image": {}}}}}
    rest: Content = {
        "f:spec": {
            "f:containers": {
                CONTAINER: {".": {}, "f:name": {}, "f:args": {}, "f:ports": {PORT: {".": {}}}},
                'k:{"name":"queue"}': {".": {}, "f:name": {}, "f:image": {}},
            }
        }
    }
    manifest = owned(
        runtime, entry("helm", "Update", rest, time=LATE), entry("me", "Update", image, time=EARLY)
    )
    for item in ("name=kserve-container", "1"):
        assert by(manifest, f"/spec/containers/{item}/image") == "me"
        assert by(manifest, f"/spec/containers/{item}/args/0") == "helm"
        assert by(manifest, f"/spec/containers/{item}/ports/0/containerPort") == "helm"
    assert by(manifest, "/spec/containers/0/image") == "helm"
    assert by(manifest, "/spec/containers/name=queue/image") == "helm"


def test_every_key_of_an_item_counts() -> None:
    other = 'k:{"containerPort":8080,"protocol":"UDP"}'
    for key, writer in ((PORT, "m"), (other, None)):
        fields: Content = {"f:spec": {"f:containers": {CONTAINER: {"f:ports": {key: {}}}}}}
        manifest = owned(runtime, entry("m", "Update", fields))
        assert by(manifest, "/spec/containers/1/ports/0") == writer


def test_a_list_owned_as_a_whole_counts_for_its_items() -> None:
    whole = entry("m", "Update", {"f:spec": {"f:containers": {}}}, time=EARLY)
    other = entry("other", "Update", {"f:spec": {"f:supportedModelFormats": {}}}, time=LATE)
    manifest = owned(runtime, whole, other)
    assert by(manifest, "/spec/containers/name=kserve-container/image") == "m"
    assert by(manifest, "/spec/containers/1/args/1") == "m"
    assert by(manifest, "/spec/supportedModelFormats/0/name") == "other"


def test_a_map_counts_for_what_nobody_names() -> None:
    manifest = owned(config, entry("m", "Update", {"f:data": {".": {}, "f:ingress": {}}}))
    assert by(manifest, "/data/predictors") == "m"
    bare = owned(config, entry("m", "Update", {"f:data": {"f:ingress": {}}}))
    assert by(bare, "/data/predictors") is None


def test_the_most_specific_wins_over_the_latest() -> None:
    whole = entry("whole", "Update", {"f:data": {".": {}}}, time=LATE)
    key = entry("key", "Update", {"f:data": {"f:predictors": {}}}, time=EARLY)
    for entries in ((whole, key), (key, whole)):
        assert by(owned(config, *entries), "/data/predictors") == "key"


def test_the_latest_wins_among_equals() -> None:
    early, late = (entry(each, "Apply", DATA, time=each) for each in (EARLY, LATE))
    for entries in ((early, late), (late, early)):
        assert by(owned(config, *entries), "/data/predictors") == LATE
    unknown = entry("unknown", "Apply", DATA, time="yesterday")
    assert by(owned(config, unknown, early), "/data/predictors") == EARLY


def test_items_of_a_set_and_by_index() -> None:
    manifest = runtime(
        finalizers=["a/b", "c"],
        managedFields=[
            entry("set", "Update", {"f:metadata": {"f:finalizers": {".": {}, 'v:"c"': {}}}}),
            entry("at", "Update", {"f:metadata": {"f:finalizers": {"i:0": {}}}}),
        ],
    )
    assert by(manifest, "/metadata/finalizers/1") == "set"
    assert by(manifest, "/metadata/finalizers/0") == "at"


def test_an_index_is_of_that_item_alone() -> None:
    fields: Content = {"f:metadata": {"f:finalizers": {"i:0": {}}}}
    manifest = runtime(finalizers=["a", "b"], managedFields=[entry("m", "Update", fields)])
    assert by(manifest, "/metadata/finalizers/1") is None


def test_keys_of_what_is_no_object() -> None:
    fields: Content = {"f:metadata": {"f:finalizers": {'k:{"name":"a"}': {}, 'k:"a"': {}}}}
    manifest = runtime(finalizers=["a"], managedFields=[entry("m", "Update", fields)])
    assert by(manifest, "/metadata/finalizers/0") is None


def test_values_are_told_apart_by_type() -> None:
    for key, writer in (("v:1", None), ("v:true", "m")):
        fields: Content = {"f:spec": {"f:flags": {key: {}}}}
        manifest = {**owned(runtime, entry("m", "Update", fields)), "spec": {"flags": [True]}}
        assert by(manifest, "/spec/flags/0") == writer


def test_what_is_not_there_has_no_writer() -> None:
    manifest = owned(config, entry("m", "Update", {"f:data": {".": {}, "f:gone": {}}}))
    assert by(manifest, "/data/gone") is None
    assert by(manifest, "/data/predictors/deeper") is None
    assert by(runtime(managedFields=manifest["metadata"]["managedFields"]), "/data") is None


def test_the_whole_object() -> None:
    first = entry("first", "Update", {"f:data": {"f:a": {}}}, time=EARLY)
    second = entry("second", "Update", {"f:data": {"f:b": {}}}, time=LATE)
    assert by(owned(config, second, first), "") == "second"


def test_where_nothing_tells() -> None:
    assert by(config(), "/data/predictors") is None
    assert by(owned(config), "/data/predictors") is None
    assert by(owned(config, entry("m", "Update", {})), "/data/predictors") is None
    assert by(owned(config, entry("m", "Update", {})), "") is None


def test_the_status_is_a_subresource() -> None:
    manifest = runtime(
        managedFields=[entry("manager", "Update", {"f:status": {}}, subresource="status")]
    )
    assert [each.subresource for each in managed_by(manifest)] == ["status"]
    assert by({**manifest, "status": {"ready": True}}, "/status/ready") == "manager"


def test_how_it_is_told() -> None:
    assert str(Writer("kubectl-edit", "Update", LATE)) == f"kubectl-edit (Update, {LATE})"
    assert str(Writer("a\x1b", "Apply")) == "a\\x1b (Apply)"


DEEP = "[" * 100_000
JUNK: tuple[Any, ...] = (
    None,
    0,
    "x",
    [],
    {},
    [None],
    [[]],
    [{}],
    [{"manager": "m"}],
    [{"manager": "m", "fieldsV1": None}],
    [{"manager": "m", "fieldsV1": []}],
    [{"manager": "m", "fieldsV1": "f:data"}],
    [{"manager": "", "fieldsV1": {"f:data": {}}}],
    [{"manager": {}, "fieldsV1": {"f:data": {}}}],
    [{"manager": "m", "fieldsV1": {"f:data": None}}],
    [{"manager": "m", "fieldsV1": {"f:spec": {"f:containers": []}}}],
    [{"manager": "m", "fieldsV1": {"f:spec": {"f:containers": {"k:": {}, "v:": {}, "": {}}}}}],
    [
        {
            "manager": "m",
            "fieldsV1": {"f:spec": {"f:containers": {"k:{}": {}, "k:[]": {}, "k:7": {}}}},
        }
    ],
    [{"manager": "m", "fieldsV1": {"f:spec": {"f:containers": {"k:{": {}, "i:x": {}}}}}],
    [{"manager": "m", "fieldsV1": {"f:spec": {"f:containers": {f"k:{DEEP}": {}, "i:9": {}}}}}],
    [{"manager": "m", "fieldsV1": {"f:spec": {"f:containers": {"x:1": {}, "i:true": {}}}}}],
)


@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
def test_junk_tells_nothing(junk: Any) -> None:
    assert by(config(managedFields=junk), "/data/predictors") is None
    for path in ("/spec/containers/1/image", "/spec/containers/name=kserve-container/args/0"):
        assert by(runtime(managedFields=junk), path) is None
    good = entry("good", "Update", DATA)
    beside = [*junk, good] if isinstance(junk, list) else [junk, good]
    assert by(config(managedFields=beside), "/data/predictors") == "good"


@pytest.mark.parametrize("junk", [None, 0, "x", [], {"managedFields": {}}])
def test_junk_for_metadata_tells_nothing(junk: Any) -> None:
    assert writer_of({**config(), "metadata": junk}, "/data/predictors") is None


@pytest.mark.parametrize("time", [None, 7, "", "soon", "2026-08-20", "2026-08-20T15:58:20Z\n"])
def test_a_time_of_another_form_is_not_told(time: Any) -> None:
    manifest = owned(config, {**entry("m", "Update", DATA), "time": time, "operation": None})
    assert writer_of(manifest, "/data/predictors") == Writer("m", "", "")
