"""etcd and the API server, and on request the other parts of a cluster, on loopback."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.testbed.api import Api
from tests.testbed.audit import POLICY, AuditLog
from tests.testbed.folders import working_folder
from tests.testbed.pki import Authority
from tests.testbed.ports import HOST, free_port
from tests.testbed.processes import Process, kill_all
from tests.testbed.programs import build
from tests.testbed.waiting import wait_until

ADMINS = "system:masters"
# The managers up to 0.10 ask for every group version before each admission and each reconcile,
# at 20 requests a second: groups that nothing here needs would slow every test down.
_SERVED = (
    "v1",
    "apps/v1",
    "admissionregistration.k8s.io/v1",
    "apiextensions.k8s.io/v1",
    "apiregistration.k8s.io/v1",
    "authentication.k8s.io/v1",
    "authorization.k8s.io/v1",
    "autoscaling/v2",
    "coordination.k8s.io/v1",
    "discovery.k8s.io/v1",
    "events.k8s.io/v1",
    "flowcontrol.apiserver.k8s.io/v1",
    "networking.k8s.io/v1",
    "policy/v1",
    "rbac.authorization.k8s.io/v1",
    "scheduling.k8s.io/v1",
)
# Admission plug-ins that wait for those groups.
_NOT_ADMITTED_BY = "DefaultStorageClass,PersistentVolumeClaimResize,RuntimeClass"
_START_SECONDS = 60


class ControlPlane:
    """A running etcd and API server; everything it writes is in ``folder``.

    ``admin`` is the kubeconfig of a user who may do everything, ``api`` a client with it, and
    ``audit`` what the API server was asked. Use it as a context manager, or call stop().
    """

    def __init__(self, folder: Path | None = None) -> None:
        with ExitStack() as undo:
            self.folder = folder or undo.enter_context(working_folder())
            self.authority = Authority(self.folder / "pki")
            self.port = free_port()
            self.server = f"https://{HOST}:{self.port}"
            self.admin = self.kubeconfig("admin")
            self.audit = AuditLog(self.folder / "audit.log")
            self._processes: list[Process] = []
            undo.callback(self._stop_processes)
            self._start_etcd()
            self._start_api_server()
            self.api = Api(self.admin)
            undo.callback(self.api.close)
            self._wait_ready()
            self._undo = undo.pop_all()

    def kubeconfig(self, user: str, group: str = ADMINS) -> Path:
        """Write and return a kubeconfig for ``user``, by default one who may do everything."""
        return self.authority.kubeconfig(user.replace(":", "-"), self.server, user, group)

    def run(
        self, program: str, flags: Sequence[str | Path], env: Mapping[str, str] | None = None
    ) -> Process:
        """Start one more program of the testbed; it ends with the control plane."""
        log = self.folder / f"{program}.log"
        process = Process(program, [build(program), *flags], log, env)
        self._processes.append(process)
        return process

    @property
    def pids(self) -> list[int]:
        """The process ids of its programs."""
        return [process.pid for process in self._processes]

    def stop(self) -> None:
        """End every process, the last started first, and remove the folder unless it was given."""
        self._undo.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _stop_processes(self) -> None:
        kill_all(self._processes)

    def _start_etcd(self) -> None:
        clients, peers = (f"http://{HOST}:{free_port()}" for _ in range(2))
        self._etcd = clients
        self.run(
            "etcd",
            [
                f"--data-dir={self.folder / 'etcd'}",
                f"--listen-client-urls={clients}",
                f"--advertise-client-urls={clients}",
                f"--listen-peer-urls={peers}",
                f"--initial-advertise-peer-urls={peers}",
                f"--initial-cluster=default={peers}",
                "--unsafe-no-fsync",
            ],
        )

    def _start_api_server(self) -> None:
        certificate, key = self.authority.issue("apiserver", "kube-apiserver")
        public, private = self.authority.service_account_key()
        policy = self.folder / "audit-policy.yaml"
        policy.write_text(POLICY)
        served = ",".join(["api/all=false", *(f"{_group(name)}=true" for name in _SERVED)])
        self.run(
            "kube-apiserver",
            [
                f"--etcd-servers={self._etcd}",
                f"--bind-address={HOST}",
                f"--advertise-address={HOST}",
                f"--secure-port={self.port}",
                f"--tls-cert-file={certificate}",
                f"--tls-private-key-file={key}",
                f"--client-ca-file={self.authority.ca}",
                f"--service-account-key-file={public}",
                f"--service-account-signing-key-file={private}",
                "--service-account-issuer=https://kubernetes.default.svc",
                "--service-cluster-ip-range=10.96.0.0/16",
                "--authorization-mode=RBAC",
                "--allow-privileged=true",
                "--endpoint-reconciler-type=none",
                f"--runtime-config={served}",
                f"--disable-admission-plugins={_NOT_ADMITTED_BY}",
                f"--audit-policy-file={policy}",
                f"--audit-log-path={self.audit.path}",
                "--audit-log-maxsize=10000",
            ],
        )

    def _wait_ready(self) -> None:
        what = "the API server to be ready"
        wait_until(self.api.is_ready, _START_SECONDS, what, self._processes)


def _group(version: str) -> str:
    return version if "/" in version else f"api/{version}"
