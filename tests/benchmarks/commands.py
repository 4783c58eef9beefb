"""What is timed: kmigrate, and kubectl and curl at the same job."""

from __future__ import annotations

import site
import subprocess
import venv
from pathlib import Path

from migrate.errors import Exit
from tests.benchmarks.measuring import Command
from tests.testbed.programs import build

PLAN, PLAN_SET = "kmigrate plan", "kmigrate plan --set"
GET, GET_ALL, GET_5000 = (
    "kubectl get -A",
    "kubectl get -A, one page",
    "kubectl get -A, pages of 5000",
)
GET_JSON = "kubectl get -A -o json"
CURL, CURL_PACKED = "curl of the same pages", "curl of the same pages, gzip"
VERSION, HELP, KUBECTL_VERSION = "kmigrate --version", "kmigrate --help", "kubectl version --client"

KINDS = (
    ("inferenceservices", "serving.kserve.io/v1beta1"),
    ("services", "serving.knative.dev/v1"),
    ("deployments", "apps/v1"),
)
"""What both list: the services and the workloads that run them."""
PAGE = 500
"""Objects in a page, for kmigrate and by default for kubectl."""
CREATE = "kmigrate, creates with their record"
APPLY, APPLY_SERVER = "kubectl apply -f", "kubectl apply --server-side -f"
WANTED = "sklearn=registry.example.com/x:1"


def interpreter(folder: Path) -> str:
    """Make a Python that starts as it does where kmigrate is installed, and return its path.

    The one that runs the tests imports, before all else, what tools and the editable install
    hook into its start. In this one the same packages are found by plain paths.
    """
    venv.create(folder, symlinks=True)
    root = Path(__file__).parents[2]
    (packages,) = folder.glob("lib/python*/site-packages")
    paths = "\n".join([*site.getsitepackages(), str(root)])
    (packages / "benchmarks.pth").write_text(paths + "\n")
    return str(folder / "bin" / "python")


def _compiled(python: str) -> tuple[tuple[str, str], ...]:
    """Have modules compiled once, as pip leaves them, whatever the caller's environment says."""
    folder = Path(python).parents[1] / "compiled"
    return (("PYTHONPYCACHEPREFIX", str(folder)), ("PYTHONDONTWRITEBYTECODE", ""))


def kubectl(kubeconfig: Path, cache: Path) -> list[Command]:
    """Return kubectl listing, as a table and as JSON, with each size of page."""
    names = ",".join(f"{plural}.{version.rpartition('/')[0]}" for plural, version in KINDS)
    get = (str(build("kubectl")), "get", names, "-A")
    env = (("KUBECONFIG", str(kubeconfig)), ("KUBECACHEDIR", str(cache)))
    return [
        Command(GET, get, env),
        Command(GET_ALL, (*get, "--chunk-size=0"), env),
        Command(GET_5000, (*get, "--chunk-size=5000"), env),
        Command(GET_JSON, (*get, "-o", "json"), env),
    ]


def kmigrate(python: str, kubeconfig: Path) -> list[Command]:
    """Return the plans that are timed; what would block the second is accepted."""
    plan = (python, "-m", "migrate", "plan")
    env = (("KUBECONFIG", str(kubeconfig)), *_compiled(python))
    return [
        Command(PLAN, plan, env),
        Command(PLAN_SET, (*plan, "--set", WANTED, "--accept", "KM201"), env),
    ]


def upgrading(python: str, kubeconfig: Path, saved: Path) -> list[Command]:
    """Return what is typed before and after an upgrade of 0.9.0; the first writes the file."""
    env = (("KUBECONFIG", str(kubeconfig)), *_compiled(python))
    checkpoint = ("checkpoint", "before", "--out", str(saved))
    asked = [
        ("plan",),
        ("check",),
        *(("check", "--target", release) for release in ("0.10.2", "0.15.2", "0.20.0")),
        ("plan", "--target", "0.10.2"),
        ("status", str(saved)),
        ("plan", "--from-checkpoint", str(saved)),
        ("rollback", str(saved), "--dry-run=client"),
    ]
    made = [Command("checkpoint", (python, "-m", "migrate", *checkpoint), env)]
    told = frozenset({Exit.OK, Exit.BLOCKED})
    for words in asked:
        name = " ".join(words).replace(str(saved), "FILE")
        made.append(Command(name, (python, "-m", "migrate", *words), env, told))
    return made


def creates(python: str, kubeconfig: Path, count: int, folder: Path) -> list[Command]:
    """Return what creates so many ServingRuntimes: a whole run of a plan, and kubectl."""
    file, driver = folder / "runtimes.json", (python, "-m", "tests.benchmarks.creating")
    made = [*driver, "--count", str(count), "--manifests", str(file)]
    subprocess.run(made, check=True)
    env = (("KUBECONFIG", str(kubeconfig)), *_compiled(python))
    apply = (str(build("kubectl")), "apply", "--validate=false", "-f", str(file))
    discovery = (("KUBECONFIG", str(kubeconfig)), ("KUBECACHEDIR", str(folder / "cache")))
    flags = ("--count", str(count), "--kubeconfig", str(kubeconfig))
    return [
        Command(CREATE, (*driver, *flags), env),
        Command(APPLY, apply, discovery),
        Command(APPLY_SERVER, (*apply, "--server-side"), discovery),
    ]


def curl(server: str, counts: dict[str, int], folder: Path) -> list[Command]:
    """Return curl asking for those pages over one connection; ``counts`` is objects by kind."""
    token = "Authorization: Bearer stand-in"
    files = folder / "curl.conf"
    urls = [
        f'url = "{server}/apis/{version}/{plural}?limit={PAGE}&continue={start}"'
        for plural, version in KINDS
        for start in range(0, counts[plural], PAGE)
    ]
    files.write_text("".join(f"{url}\noutput = /dev/null\n" for url in urls))
    plain = ("curl", "-sfk", "-H", token, "-K", str(files))
    return [
        Command(CURL, plain),
        Command(CURL_PACKED, (*plain, "-H", "Accept-Encoding: gzip")),
    ]


def started(python: str) -> list[Command]:
    """Return what only starts and says something."""
    return [
        Command(VERSION, (python, "-m", "migrate", "--version"), _compiled(python)),
        Command(HELP, (python, "-m", "migrate", "--help"), _compiled(python)),
        Command(KUBECTL_VERSION, (str(build("kubectl")), "version", "--client")),
    ]
