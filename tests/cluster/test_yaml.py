"""YAML as kubectl means it, and kubectl itself as the witness."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from migrate.cluster.kube import KubeCluster
from migrate.cluster.snapshot import load
from migrate.objects import ref_of
from tests.cluster.manifests import config_map, service
from tests.cluster.test_contract import ODD_TEXTS
from tests.testbed.control_plane import ControlPlane
from tests.testbed.programs import build

SCALARS: dict[str, Any] = {
    "2026-01-01": "2026-01-01",
    "2026-01-01T00:00:00Z": "2026-01-01T00:00:00Z",
    "12:30:45": "12:30:45",
    "190:20:30.15": "190:20:30.15",
    "=": "=",
    "1e+06": 1000000,
    "1e3": 1000,
    "5e-07": 5e-07,
    "1.0": 1,
    "1.5": 1.5,
    ".5": 0.5,
    "0644": 420,
    "0o17": 15,
    "08": 8,
    "0x1F": 31,
    "-5": -5,
    "1_000": 1000,
    "v1.10": "v1.10",
    "1.10.0": "1.10.0",
    "true": True,
    "Off": False,
    "y": "y",
    "N": "N",
    "~": None,
    "": None,
    '"null"': "null",
    '"1\\r\\n2 \\n"': "1\r\n2 \n",
    "'it''s'": "it's",
}


@pytest.mark.parametrize("text", SCALARS)
def test_a_scalar_is_what_kubectl_takes_it_for(tmp_path: Path, text: str) -> None:
    head = "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: s}\n"
    (tmp_path / "x.yaml").write_text(f"{head}spec:\n  value: {text}\n")
    value = load(tmp_path).get(ref_of(service("s", "default")))["spec"]["value"]
    assert (value, type(value)) == (SCALARS[text], type(SCALARS[text]))


def test_a_key_is_always_text(tmp_path: Path) -> None:
    head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
    (tmp_path / "x.yaml").write_text(f"{head}data:\n  on: x\n  8080: y\n  n: z\n")
    data = load(tmp_path).get(ref_of(config_map("a", "default")))["data"]
    assert data == {"true": "x", "8080": "y", "n": "z"}


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_what_kubectl_writes_is_what_there_is(
    plane: ControlPlane, kube: KubeCluster, namespace: str, tmp_path: Path, form: str
) -> None:
    # What kubectl itself cannot write as YAML, or not so that anybody could read it back.
    lost = {"control", "next-line"} if form == "yaml" else set()
    texts = {name: text for name, text in ODD_TEXTS.items() if name not in lost}
    looks = {f"s{number}": str(text).strip("'\"") for number, text in enumerate(SCALARS)}
    kube.create(config_map("texts", namespace, data=texts | looks))
    numbers: list[Any] = [1, -1, 1.5, 1e-7, 1e21, 2**53, True, None, [], {}]
    kube.create(service("s", namespace, spec={"numbers": numbers, "y": {"on": 1, "8080": "x"}}))
    file = tmp_path / f"dump.{form}"
    kubectl = [str(build("kubectl")), "--kubeconfig", str(plane.admin), "-n", namespace]
    kinds = "configmaps,inferenceservices"
    with file.open("wb") as out:
        subprocess.run([*kubectl, "get", kinds, "-o", form], stdout=out, check=True)
    cluster = load(file)
    for api_version, kind in (
        ("v1", "ConfigMap"),
        ("serving.kserve.io/v1beta1", "InferenceService"),
    ):
        live = list(kube.list(api_version, kind, dict, namespace=namespace))
        for each in live:
            # kubectl leaves them out.
            del each["metadata"]["managedFields"]
        assert live
        assert list(cluster.list(api_version, kind, dict, namespace=namespace)) == live
