"""`plan --render` on snapshots: when it writes, what stands in the folder, and when it does not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.commands.snapshots import BEFORE, SET, run
from tests.planning.owned import HELM

CONFIG = "configmap.inferenceservice-config.yaml"
Meta = dict[str, Any]


def render(
    capsys: pytest.CaptureFixture[str], folder: Path, *flags: str, snapshot: Path = BEFORE
) -> tuple[int, str, str]:
    return run(capsys, "plan", "--snapshot", str(snapshot), *flags, "--render", str(folder))


def contents(folder: Path) -> dict[str, bytes]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where to render to, in a folder with nothing else in it."""
    (tmp_path / "git").mkdir()
    return tmp_path / "git" / "rendered"


@pytest.fixture
def owned(tmp_path: Path) -> Path:
    """A copy of the snapshot in which Helm owns the ConfigMap."""
    place = tmp_path / "owned"
    shutil.copytree(BEFORE, place)
    document = yaml.safe_load((place / "kserve.yaml").read_text())
    for item in document["items"]:
        if item["metadata"]["name"] == "inferenceservice-config":
            item["metadata"] |= HELM
    (place / "kserve.yaml").write_text(json.dumps(document))
    return place


def test_the_folder_has_every_form_and_the_way_back(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    code, out, said = render(capsys, folder, *SET)
    assert code == 0
    assert "ConfigMap kserve/inferenceservice-config" in out
    forms = [f"manifests/{CONFIG}", f"patches/{CONFIG}", "patches/kustomization.yaml"]
    assert set(contents(folder)) == {"README.md", *forms, *(f"rollback/{name}" for name in forms)}
    manifest = yaml.safe_load((folder / forms[0]).read_text())
    predictors = json.loads(manifest["data"]["predictors"])
    assert predictors["sklearn"]["v1"]["image"] == "registry.example.com/ml/sklearnserver"
    assert f"rendered: {folder}, 7 files; next: read {folder}/README.md" in said
    assert "not in helm/values.yaml: ConfigMap kserve/inferenceservice-config" in said


def test_the_same_plan_gives_the_same_bytes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    wanted = ("--set", "sklearn=kserve/sklearnserver:v9", "--repin")
    render(capsys, tmp_path / "a", *wanted)
    render(capsys, tmp_path / "b", *wanted)
    assert contents(tmp_path / "a") == contents(tmp_path / "b") != {}


def test_an_empty_folder_is_taken(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    folder.mkdir()
    assert render(capsys, folder, *SET)[0] == 0
    assert (folder / "README.md").is_file()


def test_modes_are_as_the_umask_says(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    like = folder.parent / "like"
    like.mkdir()
    (like / "file").touch()
    render(capsys, folder, *SET)
    assert folder.stat().st_mode == like.stat().st_mode
    assert (folder / "README.md").stat().st_mode == (like / "file").stat().st_mode


def test_the_readme_says_what_to_type(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    render(capsys, folder, "--set", "sklearn=kserve/sklearnserver:v9", "--repin")
    told = (folder / "README.md").read_text()
    assert "kubectl rollout restart statefulset/kserve-controller-manager -n kserve" in told
    assert "- patches\n- patches/services/fraud\n" in told
    assert "- rollback" not in told
    assert "take these away again" not in told
    assert "who wrote the fields is not known here" in told
    assert "Nobody takes edits of them back" in told
    assert "edited themselves are reconciled at once" in told


def test_what_is_blocked_by_owners_alone_is_rendered(
    capsys: pytest.CaptureFixture[str], folder: Path, owned: Path
) -> None:
    code, out, _ = render(capsys, folder, *SET, snapshot=owned)
    assert code == 0
    assert "error KM106" in out
    assert "Helm serving/kserve owns it" in (folder / "README.md").read_text()
    assert run(capsys, "plan", "--snapshot", str(owned), *SET)[0] == 7


def test_what_is_blocked_otherwise_is_not(
    capsys: pytest.CaptureFixture[str], folder: Path, owned: Path
) -> None:
    code, _, said = render(capsys, folder, *SET, "--max-restarts=0", snapshot=owned)
    assert code == 7
    assert "nothing written, the plan is blocked by KM212\n" in said
    assert not folder.exists()


def test_an_accepted_finding_does_not_block(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    wanted = ("--set", "sklearn=kserve/sklearnserver:v9")
    assert render(capsys, folder, *wanted)[0] == 7
    assert not folder.exists()
    assert render(capsys, folder, *wanted, "--accept=KM201")[0] == 0
    assert folder.exists()


def test_where_nothing_is_to_be_changed_there_is_no_folder(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    code, _, said = render(capsys, folder, "--set", "sklearn=kserve/sklearnserver:v0.7.0")
    assert code == 0
    assert "there is nothing to change" in said
    assert not folder.exists()


def make_file(place: Path) -> None:
    place.write_text("mine")


def make_full(place: Path) -> None:
    place.mkdir()
    (place / "mine").write_text("mine")


def make_link(place: Path) -> None:
    (place.parent / "empty").mkdir()
    place.symlink_to("empty")


@pytest.mark.parametrize("make", [make_file, make_full, make_link])
def test_what_is_there_is_not_written_over(
    capsys: pytest.CaptureFixture[str], folder: Path, make: Callable[[Path], None]
) -> None:
    make(folder)
    before = sorted(folder.parent.iterdir()), contents(folder.parent)
    code, out, said = render(capsys, folder, *SET)
    assert (code, out) == (64, "")
    assert f"--render {folder}: expected" in said
    assert (sorted(folder.parent.iterdir()), contents(folder.parent)) == before


def test_a_second_time_is_refused(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert render(capsys, folder, *SET)[0] == 0
    before = contents(folder)
    code, _, said = render(capsys, folder, *SET)
    assert code == 64
    assert f"rm -r {folder}" in said
    assert contents(folder) == before


def test_a_parent_that_is_not_there(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    code, _, said = render(capsys, folder / "below", *SET)
    assert code == 64
    assert "No such file" in said


def test_nothing_asked_for(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    code, out, said = render(capsys, folder)
    assert (code, out) == (64, "")
    assert "nothing asked for" in said


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_is_cut_short_leaves_nothing(
    capsys: pytest.CaptureFixture[str],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
) -> None:
    """The disk is full, or somebody interrupts, while the third file is written."""
    written, real = [], Path.write_text

    def write_text(self: Path, *arguments: Any, **more: Any) -> int:
        written.append(self)
        if len(written) == 3:
            raise error
        return real(self, *arguments, **more)

    monkeypatch.setattr(Path, "write_text", write_text)
    code, _, said = render(capsys, folder, *SET)
    assert code == (64 if isinstance(error, OSError) else 130), said
    assert len(written) == 3
    assert list(folder.parent.iterdir()) == []


def test_files_that_came_meanwhile_stay_and_nothing_is_added(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.write_text

    def write_text(self: Path, *arguments: Any, **more: Any) -> int:
        folder.mkdir(exist_ok=True)
        (folder / "mine").touch()
        return real(self, *arguments, **more)

    monkeypatch.setattr(Path, "write_text", write_text)
    code, _, said = render(capsys, folder, *SET)
    assert code == 64
    assert "not empty" in said
    assert contents(folder.parent) == {"rendered/mine": b""}
