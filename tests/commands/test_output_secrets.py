"""No form of output shows credentials; colours and characters are those of the reader."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from migrate.credentials import MASK
from migrate.kserve.config import read_config
from migrate.kserve.metadata import Metadata
from migrate.kserve.releases import parse_release
from migrate.kserve.resolver import resolve
from migrate.kserve.runtimes import Runtimes
from migrate.kserve.services import Framework, InferenceService, Predictor, ServiceSpec
from migrate.kserve.table import rules_for
from tests.commands.snapshots import BEFORE, SET, changed, run
from tests.commands.test_output import COPIES, FORMS, ROOT

SECRET = "s3cr3t-v4lue"


def leaking(tmp_path: Path) -> str:
    """A snapshot with credentials wherever a service can have them in plain text."""
    documents = list(yaml.safe_load_all((Path(COPIES) / "cluster.yaml").read_text()))
    url = f"https://me:{SECRET}@host/model?sig={SECRET}"
    for one in documents:
        if one["kind"] == "InferenceService":
            model = one["spec"]["predictor"]["model"]
            model["storageUri"] = url
            model["env"] = [{"name": "API_TOKEN", "value": SECRET}, {"name": "X", "value": url}]
            model["args"] = ["--token", SECRET, f"--api-key={SECRET}", url]
    file = tmp_path / "cluster.yaml"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": documents}))
    return str(file)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("wanted", [(), ("--set", "runtime/kserve-xgbserver=r.example/x:v1")])
def test_no_form_of_a_plan_shows_what_services_keep_to_themselves(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, form: str, wanted: tuple[str, ...]
) -> None:
    _, out, error = run(capsys, "plan", "--snapshot", leaking(tmp_path), *wanted, "-o", form)
    assert out or form == "name"  # without a change nobody restarts by it
    assert SECRET not in out + error


@pytest.mark.parametrize("form", ["table", "json", "yaml"])
def test_explain_hides_credentials(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, form: str
) -> None:
    arguments = ("explain", "fraud/iris", "--snapshot", leaking(tmp_path), "-o", form)
    code, out, error = run(capsys, *arguments)
    assert code == 0
    assert MASK in out
    assert SECRET not in out + error


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "yaml", "markdown", "sarif"])
def test_check_hides_credentials(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, form: str
) -> None:
    code, out, error = run(capsys, "check", "--snapshot", leaking(tmp_path), "-o", form)
    assert code == 7
    assert "KM410" in out
    assert SECRET not in out + error


@pytest.mark.parametrize("storage", ["unread", "none"])
def test_the_reason_why_no_model_is_taken_hides_its_uri(storage: str) -> None:
    rules = rules_for(parse_release("0.15.2"))
    assert rules is not None
    spec = Framework(storage_uri=f"ftp://me:{SECRET}@host/model")
    containers = None if storage == "unread" else ()
    predictor = Predictor(sklearn=spec)
    service = InferenceService(Metadata(name="a", namespace="b"), ServiceSpec(predictor))
    data = {"inferenceService": "{}", "deploy": '{"defaultDeploymentMode": "RawDeployment"}'}
    config = read_config(data, rules, Runtimes(), containers, has_knative=True)
    reason = resolve(service, config).reason
    assert "ftp://me:" in reason
    assert SECRET not in reason


def test_an_error_hides_the_password_of_a_url(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = ("plan", "--snapshot", str(BEFORE), "--set", f"sklearn=https://me:{SECRET}@host/x")
    code, _, error = run(capsys, *wrong)
    assert code == 64
    assert "https://me:" in error
    assert SECRET not in error


def test_colours_for_a_pager_where_they_are_asked_for() -> None:
    plan = ("plan", "--snapshot", str(BEFORE), *SET)
    assert b"\x1b[" in process({"FORCE_COLOR": "1"}, *plan)
    assert b"\x1b[" not in process({"FORCE_COLOR": "1", "NO_COLOR": "1"}, *plan)
    assert b"\x1b[" not in process({"FORCE_COLOR": ""}, *plan)
    assert b"\x1b[" not in process({"FORCE_COLOR": "1"}, *plan, "-o", "json")


def process(environment: dict[str, str], *arguments: str) -> bytes:
    command = [sys.executable, "-m", "migrate", *arguments]
    base = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env={**base, **environment}, capture_output=True, check=False)
    assert b"Traceback" not in done.stderr
    return done.stdout


LOCALES = [
    ({"LC_ALL": "C.UTF-8"}, "gr\xf6\xdfe".encode()),
    ({"LC_ALL": "C"}, b"gr\\xf6\\xdfe"),
    ({"LC_ALL": "C", "PYTHONUTF8": "0"}, b"gr\\xf6\\xdfe"),
    ({"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "ascii"}, b"gr\\xf6\\xdfe"),
    ({"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "latin-1"}, "gr\xf6\xdfe".encode("latin-1")),
    ({"LC_ALL": "C", "PYTHONUTF8": "1"}, "gr\xf6\xdfe".encode()),
]


@pytest.mark.parametrize(("environment", "shown"), LOCALES)
def test_what_the_locale_has_not_is_written_in_ascii(
    tmp_path: Path, environment: dict[str, str], shown: bytes
) -> None:
    predictors = {"sklearn": {"v1": {"image": "gr\xf6\xdfe", "defaultImageVersion": "v1"}}}
    folder = str(changed(tmp_path, json.dumps(predictors, ensure_ascii=False)))
    for form in ("table", "wide", "markdown"):
        told = process(environment, "plan", "--snapshot", folder, "-o", form)
        assert shown in told, form
    data = process(environment, "plan", "--snapshot", folder, "-o", "json")
    assert json.loads(data)["plan"]["images"][0]["image"] == "gr\xf6\xdfe:v1"
