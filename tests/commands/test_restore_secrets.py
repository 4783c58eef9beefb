"""What a checkpoint holds in plain text is in nothing that kmigrate prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migrate.errors import Exit
from migrate.execute import record
from tests.commands.restoring import (
    CONFIG,
    PMML,
    XGB,
    a_cluster,
    gone,
    upgrade_taken_back,
)
from tests.commands.verbs import Verbs
from tests.commands.wording import Make

SECRETS = ("hunter2-runtime", "hunter2-config", "hunter2-gone", "hunter2-later", "hunter2-arg")
OUT = ("table", "json", "yaml", "jsonl")


@pytest.fixture
def verbs(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Verbs:
    """A checkpoint with credentials, and a cluster in which they are others since."""
    monkeypatch.chdir(tmp_path)
    found = a_cluster()
    for ref, value in ((XGB, SECRETS[0]), (PMML, SECRETS[2])):
        spec = found.get(ref)["spec"]
        spec["containers"][0]["env"] = [{"name": "AWS_SECRET_ACCESS_KEY", "value": value}]
        spec["containers"][0].setdefault("args", []).append(f"--api-token={SECRETS[4]}")
        applied = json.dumps({"spec": spec})
        notes = {"kubectl.kubernetes.io/last-applied-configuration": applied}
        found.patch(ref, {"metadata": {"annotations": notes}, "spec": spec})
    token = json.dumps({"s3": {"s3SecretAccessKey": SECRETS[1], "password": SECRETS[1]}})
    found.patch(CONFIG, {"data": {"credentials": token}})
    made = make(found=found)
    code, _, error = made("checkpoint", "before")
    assert code == Exit.OK, error
    upgrade_taken_back(found)
    spec = found.get(XGB)["spec"]
    spec["containers"][0]["env"] = [{"name": "AWS_SECRET_ACCESS_KEY", "value": SECRETS[3]}]
    found.patch(XGB, {"spec": spec})
    return made


def leaked(*texts: str) -> list[str]:
    return [one for one in SECRETS if any(one in text for text in texts)]


@pytest.mark.parametrize("form", OUT)
def test_a_rollback_to_a_checkpoint_shows_no_credentials(verbs: Verbs, form: str) -> None:
    for more in (("--dry-run=client",), ("--yes", "--timeout", "1")):
        _, out, said = verbs("rollback", "before", "-o", form, *more)
        assert leaked(out, said) == [], more
    (run,) = record.runs(verbs.cluster, "kserve")
    if form != "jsonl":
        _, out, said = verbs("status", run.head.id, "-o", form)
        assert leaked(out, said) == []
    _, out, said = verbs("rollback", run.head.id, "-o", form, "--dry-run=client")
    assert leaked(out, said) == []


@pytest.mark.parametrize("form", ["table", "json", "yaml"])
def test_the_status_of_a_checkpoint_shows_no_credentials(verbs: Verbs, form: str) -> None:
    for name in ("before", "kmigrate-checkpoint-before.json.gz"):
        _, out, said = verbs("status", name, "-o", form)
        assert leaked(out, said) == []


@pytest.mark.parametrize("form", ["table", "wide", "markdown"])
@pytest.mark.parametrize("flags", [(), ("--to-runtimes",)])
def test_a_plan_from_a_checkpoint_shows_no_credentials(
    verbs: Verbs, form: str, flags: tuple[str, ...]
) -> None:
    _, out, said = verbs("plan", "--from-checkpoint", "before", *flags, "-o", form)
    assert leaked(out, said) == []


def test_a_changed_key_of_the_configuration_that_is_forced_shows_none(verbs: Verbs) -> None:
    """Somebody sets another password between the rollback and the way back of that."""
    code, _, said = verbs("rollback", "before", "--yes", "--timeout", "1")
    assert code in (Exit.OK, Exit.MIXED), said
    (run,) = record.runs(verbs.cluster, "kserve")
    later: dict[str, Any] = {"credentials": json.dumps({"password": SECRETS[3]})}
    verbs.cluster.patch(CONFIG, {"data": later})
    for form in OUT:
        more = ("--force-field", "*", "--dry-run=client", "-o", form)
        _, out, said = verbs("rollback", run.head.id, *more)
        assert leaked(out, said) == [], form


def test_a_runtime_that_is_gone_is_made_again_with_its_credentials(verbs: Verbs) -> None:
    """They are hidden in what is printed alone."""
    assert SECRETS[2] not in json.dumps(list(verbs.cluster.list(*_PMML, dict)))
    code, _, said = verbs("rollback", "before", "--yes", "--timeout", "1")
    assert code in (Exit.OK, Exit.MIXED), said
    assert SECRETS[2] in json.dumps(verbs.cluster.get(PMML)["spec"])
    gone(verbs.cluster, PMML)


_PMML = (PMML.api_version, PMML.kind)
