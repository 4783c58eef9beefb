"""Reading a cluster from files, as kubectl and people write them."""

import json
import re
from pathlib import Path

import pytest
import yaml

from migrate.cluster.memory import MemoryCluster
from migrate.cluster.snapshot import load
from migrate.errors import Exit, NotFoundError, UsageError
from migrate.objects import Manifest, ref_of
from tests.cluster.manifests import config_map, manifest, runtime, service

A = config_map("a", "team", data={"k": "v"})
B = service("b", "team", meta={"uid": "u", "resourceVersion": "7", "generation": 3}, spec={"n": 1})
C = runtime("c", spec={"n": 1})


def listed(*items: Manifest, kind: str = "List") -> Manifest:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"resourceVersion": ""}, "items": items}


def has(cluster: MemoryCluster, *wanted: Manifest) -> bool:
    found = [cluster.get(ref_of(each)) for each in wanted]
    pairs = zip(found, wanted, strict=True)
    return all(got.get(part) == want.get(part) for got, want in pairs for part in ("data", "spec"))


FILES: dict[str, tuple[str, str]] = {
    "one object": ("x.yaml", yaml.safe_dump(A)),
    "one object as JSON": ("x.json", json.dumps(A)),
    "a list": ("x.yaml", yaml.safe_dump(json.loads(json.dumps(listed(A, B, C))))),
    "a list as JSON": ("x.json", json.dumps(listed(A, B, C))),
    "several documents": ("x.yml", yaml.safe_dump_all([A, B, C])),
    "documents that are empty": ("x.yaml", f"---\n---\n{yaml.safe_dump(A)}---\n# nothing\n"),
    "lists in lists": ("x.json", json.dumps(listed(listed(A), listed(B)))),
    "any name": ("dump.txt", yaml.safe_dump(A)),
    "any name, JSON": ("dump", json.dumps(A, indent=4)),
    "YAML that starts like JSON": (
        "x.yaml",
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: team}, data: {k: v}}",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file(tmp_path: Path, name: str) -> None:
    file, content = FILES[name]
    (tmp_path / file).write_text(content)
    cluster = load(tmp_path / file)
    assert has(cluster, A)
    if '"b"' in content or "name: b" in content:
        assert has(cluster, B)
    assert cluster.name == f"snapshot {tmp_path / file}"
    assert cluster.controllers_act is False


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_the_encodings_of_windows(tmp_path: Path, encoding: str, suffix: str) -> None:
    file = tmp_path / f"x.{suffix}"
    file.write_bytes(json.dumps(A).encode(encoding))
    assert has(load(file), A)


def test_what_is_missing_is_told_with_all_that_a_snapshot_holds(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        load(tmp_path / "missing")
    text = (Path(__file__).parents[2] / "docs" / "plan.md").read_text()
    commands = re.findall(r"^\$ kubectl get -o yaml (.*?) > bundle", text, re.MULTILINE)
    assert len(commands) == 6
    assert [one for one in commands if one not in raised.value.hint] == []


def test_a_folder_with_folders(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(A))
    (tmp_path / "deep" / "b.yml").write_text(yaml.safe_dump(B))
    (tmp_path / "deep" / "er" / "c.json").write_text(json.dumps(C))
    (tmp_path / "deep" / "notes.txt").write_text("a: [")
    (tmp_path / "deep" / "values.yaml").write_text("image: {tag: v1}\n---\n- 1\n---\ntext\n")
    (tmp_path / "deep" / "half.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n")
    assert has(load(tmp_path), A, B, C)


def test_objects_keep_their_identity(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps(B))
    meta = load(tmp_path).get(ref_of(B))["metadata"]
    assert (meta["uid"], meta["resourceVersion"], meta["generation"]) == ("u", "7", 3)


def test_a_namespaced_object_without_namespace_is_in_default(tmp_path: Path) -> None:
    lost = [config_map("a", ""), runtime("c", spec={})]
    (tmp_path / "x.json").write_text(json.dumps(listed(*lost)))
    cluster = load(tmp_path)
    assert cluster.get(ref_of(config_map("a", "default")))["metadata"]["namespace"] == "default"
    assert "namespace" not in cluster.get(ref_of(lost[1]))["metadata"]


def test_items_of_a_typed_list_need_not_say_what_they_are(tmp_path: Path) -> None:
    items = [{"metadata": A["metadata"], "data": A["data"]}]
    (tmp_path / "x.json").write_text(json.dumps(listed(*items, kind="ConfigMapList")))
    assert has(load(tmp_path), A)


def test_other_kinds_are_passed_over(tmp_path: Path) -> None:
    other = manifest("v1", "Endpoints", "s", "team", None, {"subsets": []})
    (tmp_path / "x.json").write_text(json.dumps(listed(other, A)))
    cluster = load(tmp_path)
    assert has(cluster, A)
    with pytest.raises(UsageError, match="Endpoints of v1 is no kind"):
        cluster.get(ref_of(other))


def test_secrets_are_passed_over_but_for_those_of_helm(tmp_path: Path) -> None:
    secrets = [
        manifest("v1", "Secret", name, "team", None, {"type": kind, "data": {"k": "dg=="}})
        for name, kind in (("a", "Opaque"), ("b", "helm.sh/release.v1"))
    ]
    (tmp_path / "x.json").write_text(json.dumps(listed(*secrets, A)))
    found = load(tmp_path).list("v1", "Secret", dict)
    assert [one["metadata"]["name"] for one in found] == ["b"]


def test_the_same_object_twice_is_one(tmp_path: Path) -> None:
    (tmp_path / "1.json").write_text(json.dumps(listed(A, A)))
    (tmp_path / "2.yaml").write_text(yaml.safe_dump(A))
    assert len(list(load(tmp_path).list("v1", "ConfigMap", dict))) == 1


def test_two_objects_of_one_name_are_told_with_their_files(tmp_path: Path) -> None:
    (tmp_path / "1.json").write_text(json.dumps(A))
    (tmp_path / "2.yaml").write_text(yaml.safe_dump({**A, "data": {"k": "w"}}))
    with pytest.raises(UsageError) as caught:
        load(tmp_path)
    files = f"{tmp_path / '1.json'} and in {tmp_path / '2.yaml'}"
    assert caught.value.message == f"ConfigMap team/a is in {files}, and differs"
    assert caught.value.code == Exit.USAGE


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("x.json", b'{\n"a": 1,\n}', "x.json: line 3: "),
        ("x.json", b"", "x.json: line 1: Expecting value"),
        ("x.json", b'{"a": "\xff"}', "x.json: .*can't decode byte 0xff"),
        ("x.yaml", b"a: 1\nb: [\n", "x.yaml: line 3: did not find expected node content"),
        ("x.yaml", b"a: 1\n\tb: 2\n", "x.yaml: line 2: "),
        ("x.yaml", b"a: &x\nb: *y\n", "x.yaml: line 2: found undefined alias"),
        ("x.yaml", b"a: !!python/name:os.system x\n", "x.yaml: line 1: could not determine"),
        ("x.yaml", b"a: \xff\xfe\n", "x.yaml: "),
        ("x.yaml", b'{"a": }}', "x.yaml: line 1: "),
        ("x.json", b"[" * 100_000, "x.json: nested too deeply"),
        (
            "x.yaml",
            b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 12}\n",
            "x.yaml: metadata.name of a ConfigMap is no text",
        ),
        (
            "x.yaml",
            b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: A/b}\n",
            "x.yaml: ConfigMap 'A/b': no object can have this name",
        ),
        (
            "x.yaml",
            b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: B}\n",
            "x.yaml: ConfigMap: 'B' cannot be the name of its namespace",
        ),
        (
            "x.yaml",
            b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: &d {d: *d}\n",
            "x.yaml: ConfigMap default/a cannot be written as JSON",
        ),
    ],
)
@pytest.mark.parametrize("inside", [True, False])
def test_a_file_that_cannot_be_read_is_told_with_its_line(
    tmp_path: Path, file: str, content: bytes, words: str, inside: bool
) -> None:
    (tmp_path / file).write_bytes(content)
    with pytest.raises(UsageError, match=words):
        load(tmp_path if inside else tmp_path / file)


@pytest.mark.parametrize("content", ["", "# nothing\n", "image: x\n", "- a\n", "text", "[]"])
def test_a_file_without_any_object_is_an_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.yaml").write_text(content)
    for path in (tmp_path / "x.yaml", tmp_path):
        with pytest.raises(UsageError, match=f"{path} holds no Kubernetes object") as caught:
            load(path)
        assert "kubectl get" in caught.value.hint


def test_an_empty_list_is_no_object(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps(listed()))
    with pytest.raises(UsageError, match="holds no Kubernetes object"):
        load(tmp_path / "x.json")


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"no such snapshot: {tmp_path / 'x'}"):
        load(tmp_path / "x")


def test_nothing_of_a_snapshot_is_there_by_itself(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps(A))
    with pytest.raises(NotFoundError):
        load(tmp_path).get(ref_of(B))
