"""Record what servers hold: python -m tests.catalog.record_servers KSERVE MLSERVER SERVE.

The three are git directories with the releases' tags: of kserve/kserve, SeldonIO/MLServer and
pytorch/serve. Writes ``migrate/catalog/servers.json``; which files are read is said in
``migrate/catalog/servers.py``.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import partial
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.version import Version

import migrate.catalog.servers as catalog
from migrate.objects import canonical
from tests.catalog.released import RELEASES

DATA = Path(catalog.__file__).with_name("servers.json")
# Folder and Dockerfile of each server, and the libraries that matter for loading its models.
KSERVE = {
    "sklearnserver": ("sklearn", ("scikit-learn", "joblib", "numpy")),
    "xgbserver": ("xgb", ("xgboost",)),
    "lgbserver": ("lgb", ("lightgbm",)),
    "paddleserver": ("paddle", ("paddlepaddle",)),
    "pmmlserver": ("pmml", ("jpmml-evaluator",)),
    "predictiveserver": (
        "predictiveserver",
        ("scikit-learn", "joblib", "numpy", "xgboost", "lightgbm"),
    ),
    "autogluonserver": ("autogluon", ("autogluon-tabular", "autogluon-timeseries")),
    "pytorchserver": ("pytorch", ("torch",)),
}
MLSERVER_RUNTIMES = ("sklearn", "xgboost", "lightgbm", "mlflow")
MLSERVER = (
    "scikit-learn", "joblib", "numpy", "cloudpickle", "xgboost", "lightgbm", "mlflow",
)  # fmt: skip
PYTHON = (
    r"ARG PYTHON_VERSION=(\d+\.\d+)",
    r"FROM python:(\d+\.\d+)",
    r"\bpython=(\d+\.\d+)",
    r"\bpython(3\.\d+)-venv",
)

Versions = dict[str, str]
Show = Callable[[str], str]


def show(mirror: str, tag: str, path: str) -> str:
    """Return a file at a tag; empty if there is none."""
    command = ["git", f"--git-dir={mirror}", "show", f"{tag}:{path}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


def tags(mirror: str, pattern: str) -> list[str]:
    """Return the tags of releases, oldest first."""
    command = ["git", f"--git-dir={mirror}", "tag"]
    every = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return sorted((tag for tag in every if re.fullmatch(pattern, tag)), key=Version)


def python_of(dockerfile: str) -> Versions:
    """Return the Python that a Dockerfile names, as ``{"python": "3.11"}``."""
    found = (re.search(pattern, dockerfile) for pattern in PYTHON)
    return next(({"python": match[1]} for match in found if match), {})


def pinned(setup: str, wanted: Iterable[str]) -> Versions:
    """Return what a setup.py pins with ``==``."""
    pins = dict(re.findall(r'"([\w-]+) *== *([\w.]+)"', setup))
    return {name: pins[name] for name in wanted if name in pins}


def locked(lock: str, wanted: Iterable[str], python: str) -> Versions:
    """Return what a poetry.lock or uv.lock installs on Linux under this Python."""
    if not lock:
        return {}
    packages = tomllib.loads(lock)["package"]
    return {p["name"]: p["version"] for p in packages if p["name"] in wanted and _holds(p, python)}


def _holds(package: dict[str, Any], python: str) -> bool:
    environment: dict[str, str | AbstractSet[str]] = {
        "python_version": python, "python_full_version": f"{python}.0",
        "sys_platform": "linux", "platform_machine": "x86_64",
    }  # fmt: skip
    markers = package.get("resolution-markers", [])
    return not markers or any(Marker(text).evaluate(environment) for text in markers)


def of_kserve(mirror: str) -> dict[str, dict[str, Versions]]:
    """Return the servers of KServe's releases by name and tag."""
    found: dict[str, dict[str, Versions]] = {}
    for release in RELEASES:
        at = partial(show, mirror, f"v{release}")
        for name, suffix, versions in (*_plain(at), *_huggingface(at)):
            found.setdefault(name, {})[f"v{release}{suffix}"] = versions
    return found


def _plain(at: Show) -> Iterator[tuple[str, str, Versions]]:
    for name, (stem, wanted) in KSERVE.items():
        for suffix in ("", "-gpu"):
            dockerfile = at(f"python/{stem}{suffix}.Dockerfile")
            if dockerfile:
                python = python_of(dockerfile)
                yield name, suffix, python | _libraries(at, name, wanted, dockerfile, python)


def _libraries(
    at: Show, name: str, wanted: Iterable[str], dockerfile: str, python: Versions
) -> Versions:
    if "--name pytorch-py37" in dockerfile:
        return {}  # conda installs one torch, pip another: which one remains is not said
    pins = pinned(at(f"python/{name}/setup.py"), wanted)
    if not re.search(rf"cd {name} && (?:poetry install|uv sync)", dockerfile):
        return pins
    return pins | locked(_lock(at, f"python/{name}"), wanted, python["python"])


def _lock(at: Show, folder: str) -> str:
    return at(f"{folder}/poetry.lock") or at(f"{folder}/uv.lock")


def _huggingface(at: Show) -> Iterator[tuple[str, str, Versions]]:
    """Since 0.15.0 the plain tag is for CPUs, and ``-gpu`` another Dockerfile."""
    cpu = at("python/huggingface_server_cpu.Dockerfile")
    gpu = at("python/huggingface_server.Dockerfile")
    for suffix, dockerfile in (("", cpu or gpu), ("-gpu", gpu if cpu else "")):
        if dockerfile:
            yield "huggingfaceserver", suffix, _of_huggingface(at, dockerfile)


def _of_huggingface(at: Show, dockerfile: str) -> Versions:
    arguments = dict(re.findall(r"^ARG (VLLM|TORCH)_VERSION=(\S+)", dockerfile, re.MULTILINE))
    found = python_of(dockerfile) | {"vllm": arguments["VLLM"]}
    # Where Ubuntu decides on the Python, the lock has one version for all of them.
    python = found.get("python", "3.12")
    wanted = ("transformers", "torch", "vllm")
    lock = locked(_lock(at, "python/huggingfaceserver"), wanted, python)
    # pip installs vLLM last; it leaves alone what was locked for the same vLLM only.
    if lock.get("vllm") == found["vllm"] and "poetry lock" not in dockerfile:
        found |= lock
    if "torch==${TORCH_VERSION}" in dockerfile:
        found["torch"] = arguments["TORCH"]
    return found


def of_mlserver(mirror: str) -> dict[str, Versions]:
    """Return MLServer by tag, from the series on that KServe 0.7 names."""
    found = tags(mirror, r"(?:0\.[2-5]|1\.[0-7])\.\d+")
    return {tag: _of_mlserver(partial(show, mirror, tag), tag) for tag in found}


def _of_mlserver(at: Show, tag: str) -> Versions:
    dockerfile = at("Dockerfile")
    found = {"mlserver": tag} | python_of(dockerfile)
    for runtime in MLSERVER_RUNTIMES:
        found |= pinned(at(f"runtimes/{runtime}/setup.py"), MLSERVER)
    if "constraints.txt" in dockerfile:
        found |= locked(at("poetry.lock"), MLSERVER, found["python"])
    return found


def of_torchserve(mirror: str) -> dict[str, Versions]:
    """Return TorchServe by the tag of its image for KServe."""
    found: dict[str, Versions] = {}
    for tag in tags(mirror, r"v0\.(?:4\.[1-9]|[5-9]\.\d|1\d\.\d)"):
        for suffix in ("", "-gpu"):
            found[f"{tag[1:]}{suffix}"] = _of_torchserve(partial(show, mirror, tag), tag, suffix)
    return found


def _of_torchserve(at: Show, tag: str, suffix: str) -> Versions:
    dockerfile = at("docker/Dockerfile")
    found = {"torchserve": tag[1:]} | python_of(dockerfile)
    if "install_dependencies.py" not in dockerfile:
        return found
    cuda = re.search(r"-cv (cu\d+)", at("docker/build_upload_release.py"))
    kind = f"{cuda[1]}_linux" if cuda and suffix else "linux"
    torch = re.search(r"^torch==([\d.]+)", at(f"requirements/torch_{kind}.txt"), re.MULTILINE)
    return found | ({"torch": torch[1]} if torch else {})


def lines(found: dict[str, dict[str, Versions]]) -> bytes:
    """A JSON object with a server and tag to a line, so that a difference can be read."""
    servers = (
        canonical(name) + b":{\n" + b",\n".join(
            canonical(tag) + b":" + canonical(versions) for tag, versions in tagged.items()
        ) + b"}"
        for name, tagged in found.items()
    )  # fmt: skip
    return b"{" + b",\n".join(servers) + b"}\n"


def main(kserve: str, mlserver: str, serve: str) -> None:
    found = of_kserve(kserve)
    found["mlserver"] = of_mlserver(mlserver)
    found["torchserve-kfs"] = of_torchserve(serve)
    DATA.write_bytes(lines(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
