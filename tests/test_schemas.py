"""The shipped JSON Schemas: current, sound, and what is written fits them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from docs.schemas import WRITTEN, files, schemas
from migrate.__main__ import main
from tests.commands.snapshots import BEFORE, edited

COPIES = BEFORE.parents[1] / "copies"
MOVED = "sklearn=r/s:v0.7.0"
DRY = "--dry-run=client"


def validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schemas()[name])


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_a_shipped_schema_is_what_the_types_say(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == files()[path], "run: make docs"
    jsonschema.Draft202012Validator.check_schema(json.loads(files()[path]))


def documents(
    capsys: pytest.CaptureFixture[str], *arguments: str, code: int | None = 0
) -> dict[str, Any]:
    capsys.readouterr()
    found = main([*arguments, "-o", "json"])
    assert code is None or found == code, capsys.readouterr().err
    made: dict[str, Any] = json.loads(capsys.readouterr().out)
    return made


PLANS = {
    "nothing asked": (),
    "predictors": ("--set", MOVED),
    "pins": ("--set", "sklearn=r/s:t", "--repin"),
    "blocked": ("--set", "sklearn=r/s:t"),
    "accepted": ("--set", "sklearn=r/s:t", "--accept", "KM201"),
    "each": ("--set", MOVED, "--activate=each"),
}
RUNTIMES = {
    "nothing asked": (),
    "a runtime": ("--set", "runtime/kserve-xgbserver=r/x:v0.15.2"),
}


@pytest.mark.parametrize(
    ("world", "flags"),
    [*((BEFORE, flags) for flags in PLANS.values()), *((COPIES, f) for f in RUNTIMES.values())],
)
def test_a_plan_fits(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, world: Path, flags: tuple[str, ...]
) -> None:
    file = tmp_path / "plan.json"
    arguments = ("plan", *flags, "--snapshot", str(world), "--out", str(file))
    validator("plan").validate(documents(capsys, *arguments, code=None))
    validator("plan").validate(json.loads(file.read_text()))
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "flags", [PLANS["predictors"], PLANS["pins"], ("--set", "lightgbm=kserve/lgbserver:v0.7.0")]
)
def test_a_result_fits(capsys: pytest.CaptureFixture[str], flags: tuple[str, ...]) -> None:
    arguments = ("apply", *flags, DRY, "--snapshot", str(BEFORE))
    validator("result").validate(documents(capsys, *arguments))


def test_the_result_of_a_rollback_fits(capsys: pytest.CaptureFixture[str]) -> None:
    after = str(BEFORE.with_name("after"))
    done = documents(capsys, "rollback", DRY, "--snapshot", after)
    assert done["results"]
    validator("result").validate(done)


def test_a_status_fits(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file, after = tmp_path / "plan.json", str(BEFORE.with_name("after"))
    stale = edited(tmp_path, "predictors", "kserve/lgbserver", "other")
    documents(capsys, "plan", "--set", MOVED, "--snapshot", str(BEFORE), "--out", str(file))
    found = [
        documents(capsys, "status", "--snapshot", after),
        documents(capsys, "status", "--snapshot", str(BEFORE)),
        documents(capsys, "status", str(file), "--offline"),
        documents(capsys, "status", str(file), "--snapshot", str(BEFORE)),
        documents(capsys, "status", str(file), "--snapshot", str(stale)),
    ]
    for document in found:
        validator("status").validate(document)
    assert found[0]["run"]["journal"]
    assert found[4]["plan"]["found"]["stale"]


def test_the_status_of_a_checkpoint_fits(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = str(tmp_path / "before.json.gz")
    made = ("checkpoint", "--no-cluster", "--out", file, "--snapshot", str(BEFORE))
    validator("checkpoint").validate(documents(capsys, *made))
    after = ("status", file, "--snapshot", str(BEFORE.with_name("after")))
    for document in (documents(capsys, *after), documents(capsys, "status", file, "--offline")):
        validator("status").validate(document)
    assert documents(capsys, *after)["checkpoint"]["found"]["since"]["moved"]


VERBS = {
    "plan": ("plan",),
    "result": ("rollback", DRY),
    "status": ("status",),
    "checkpoint": ("checkpoint", DRY),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_schema_refuses_what_lacks_a_field(capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Each field of the whole document is asked for."""
    made = documents(capsys, *VERBS[name], "--snapshot", str(BEFORE.with_name("after")))
    for key in made:
        rest = {other: value for other, value in made.items() if other != key}
        assert not validator(name).is_valid(rest), key


def test_every_field_of_a_plan_is_documented() -> None:
    page = (Path(__file__).parents[1] / "docs" / "plan.md").read_text(encoding="utf-8")
    fields = set(schemas()["plan"]["$defs"]["Plan"]["properties"]) - {"apiVersion", "kind"}
    assert fields == set(re.findall(r"`plan\.(\w+)`", page))
