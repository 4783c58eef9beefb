"""How one logs in to a cluster."""

import base64
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from migrate.cluster.kube import KubeCluster, connect
from migrate.errors import ForbiddenError, UnauthorizedError, UnreachableError, UsageError
from tests.cluster.conftest import Write
from tests.cluster.scripted import scripted
from tests.testbed.control_plane import ControlPlane
from tests.testbed.ports import free_port


def test_paths_are_relative_to_their_file(
    plane: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = yaml.safe_load(plane.admin.read_text())
    folder = tmp_path / "folder"
    (folder / "pki").mkdir(parents=True)
    for entry in (config["clusters"][0]["cluster"], config["users"][0]["user"]):
        for key in ("certificate-authority", "client-certificate", "client-key"):
            if key in entry:
                (folder / "pki" / key).write_bytes(Path(entry[key]).read_bytes())
                entry[key] = f"pki/{key}"
    (folder / "config").write_text(yaml.safe_dump(config))
    monkeypatch.chdir(tmp_path)
    _ask(connect("folder/config"))


pytestmark = pytest.mark.usefixtures("at_home")


def test_certificates_can_be_in_the_file(plane: ControlPlane, tmp_path: Path) -> None:
    config = yaml.safe_load(plane.admin.read_text())
    for entry in (config["clusters"][0]["cluster"], config["users"][0]["user"]):
        for key in ("certificate-authority", "client-certificate", "client-key"):
            if key in entry:
                data = base64.b64encode(Path(entry.pop(key)).read_bytes())
                entry[f"{key}-data"] = data.decode()
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(config))
    _ask(connect(str(path)))


@pytest.mark.parametrize("groups", [[], ["nobody"], ["nobody", "system:masters"]])
def test_somebody_else_is_acted_as(plane: ControlPlane, tmp_path: Path, groups: list[str]) -> None:
    config = yaml.safe_load(plane.admin.read_text())
    extra = {"example.com/why": ["it is", "a test"]}
    config["users"][0]["user"] |= {"as": "alice", "as-groups": groups, "as-user-extra": extra}
    (tmp_path / "config").write_text(yaml.safe_dump(config))
    cluster = connect(str(tmp_path / "config"))
    if "system:masters" in groups:
        _ask(cluster)
        return
    with pytest.raises(ForbiddenError) as caught:
        _ask(cluster)
    assert "alice" in str(caught.value)


def test_data_that_is_no_base64_is_a_broken_kubeconfig(write: Write) -> None:
    path = write("a", current="a", **{"certificate-authority-data": "abc"})
    with pytest.raises(UsageError, match=f"context 'a' of {path}"):
        connect(path)


def test_tls_can_be_left_unverified(plane: ControlPlane, write: Write) -> None:
    insecure = {"insecure-skip-tls-verify": True, "server": plane.server}
    with pytest.raises(UnauthorizedError):
        _ask(connect(write("a", current="a", **insecure)))


def test_a_proxy_of_the_environment_is_not_for_this_machine(
    plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    _ask(connect(str(plane.admin)))


def test_a_proxy_of_the_kubeconfig_is_used(plane: ControlPlane, write: Write) -> None:
    to = {"server": plane.server, "proxy-url": f"http://127.0.0.1:{free_port()}"}
    with pytest.raises(UnreachableError, match="the proxy failed: connection refused"):
        _ask(connect(write("a", current="a", **to)))


def test_a_plugin_gives_the_token_and_gives_it_again(tmp_path: Path) -> None:
    # It lies beside the kubeconfig, counts its calls, and its first token has expired.
    plugin = tmp_path / "plugin"
    plugin.write_text(
        "#!/bin/sh\n"
        f"echo x >> {tmp_path}/calls\n"
        f"n=$(wc -l < {tmp_path}/calls | tr -d ' ')\n"
        'echo \'{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",\'\n'
        'echo "\\"status\\": {\\"token\\": \\"$n$SUFFIX\\"}}"\n'
    )
    plugin.chmod(0o700)
    version = "client.authentication.k8s.io/v1"
    env = [{"name": "SUFFIX", "value": "-th"}]
    user = {"command": "./plugin", "apiVersion": version, "env": env, "interactiveMode": "Never"}
    denied = 401, {"kind": "Status", "message": "Unauthorized"}
    with scripted(denied, (200, {"items": []})) as server:
        _ask(connect(server.kubeconfig(tmp_path, exec=user)))
    assert [each["Authorization"] for each in server.headers] == ["Bearer 1-th", "Bearer 2-th"]


def test_a_plugin_that_fails_is_told_with_its_words(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # The library logs this and goes on as system:anonymous, for whom then nothing is permitted.
    args = ["-c", "echo 'session expired, run: cloud login' >&2; exit 3"]
    user = {"command": "sh", "args": args, "apiVersion": "client.authentication.k8s.io/v1"}
    with scripted() as server, pytest.raises(UnauthorizedError) as caught:
        connect(server.kubeconfig(tmp_path, exec=user))
    assert "the credential plugin 'sh' failed: exec: process returned 3" in caught.value.message
    assert "session expired, run: cloud login" in caught.value.message
    assert capfd.readouterr().err == ""


def test_in_a_pod_its_service_account_is_used(
    plane: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("no-token-of-this-cluster")
    library = "kubernetes.config.incluster_config"
    monkeypatch.setattr(f"{library}.SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(f"{library}.SERVICE_CERT_FILENAME", str(plane.authority.ca))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(plane.port))
    cluster = connect()
    assert cluster.name == f"context in-cluster, {plane.server}"
    with pytest.raises(UnauthorizedError):
        _ask(cluster)


def test_only_the_door_loads_the_client_library() -> None:
    rooms = ("answers", "apiserver", "dryrun", "jsonpatch", "memory", "resources", "rules")
    imports = ", ".join(f"migrate.cluster.{room}" for room in (*rooms, "transport"))
    found = "sorted({'kubernetes', 'yaml'} & set(sys.modules))"
    program = f"import sys, {imports}; print({found})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def _ask(cluster: KubeCluster) -> None:
    list(cluster.list("v1", "ConfigMap", dict))
    cluster.close()
