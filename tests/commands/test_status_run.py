"""`status` of a run: each service in its words, whatever became of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.errors import Exit, ForbiddenError
from migrate.objects import Manifest, ObjectRef
from tests.commands.moving import NEW, SOURCE, objects
from tests.commands.reconciling import reconcile
from tests.commands.test_scope_service import service
from tests.commands.wording import ASLEEP, CAME, Make, applied, shown, whys, words
from tests.planning.copies import OVER, SKLEARN

COPY = ObjectRef("serving.kserve.io/v1alpha1", "ServingRuntime", SKLEARN, "team")


@pytest.mark.parametrize("release", ["0.11.2", "0.15.2", "0.16.0", "0.20.0"])
@pytest.mark.parametrize("flags", [("--set", NEW), ()], ids=["another image", "as they are"])
def test_there_and_back(make: Make, release: str, flags: tuple[str, ...]) -> None:
    verbs = applied(make(release), *flags)
    tells_more = bool(flags) or release in ("0.16.0", "0.20.0")
    before = words(verbs)
    assert before["iris"] == before["far"] == (ASLEEP if tells_more else CAME)
    reconcile(verbs.cluster)
    assert set(words(verbs).values()) == {CAME}
    assert shown(verbs)["asleep"] == []
    assert verbs("rollback", "-y")[0] == Exit.OK
    was = ("pending", "Succeeded", "Pending" if tells_more else "Succeeded")
    assert words(verbs)["iris"] == was
    reconcile(verbs.cluster)
    assert set(words(verbs).values()) == {("pending", "Succeeded", "Succeeded")}


@pytest.mark.parametrize(("release", "is_told"), [("0.15.2", True), ("0.16.0", False)])
def test_what_a_release_does_not_report_is_said(make: Make, release: str, *, is_told: bool) -> None:
    verbs = applied(make(release))
    text = " ".join(verbs("status")[1].split())
    told = "does not report which runtime a service uses: told by its image, and by what"
    assert (told in text) is is_told
    assert (told in shown(verbs)["limit"]) is is_told


def test_who_is_not_woken_is_skipped_and_pending_until_a_reconcile(make: Make) -> None:
    verbs = applied(make(), "--activate=none")
    assert words(verbs)["iris"] == ("applied", "Skipped", "Pending")
    assert min(shown(verbs)["asleep"]) == "InferenceService other/far"
    assert whys(verbs)["iris"] == (
        "asleep: it does not report the runtime that it gets; nothing is sent to wake it"
    )
    reconcile(verbs.cluster, "iris")
    assert words(verbs)["iris"] == ("applied", "Skipped", "Succeeded")
    assert words(verbs)["far"] == ("applied", "Skipped", "Pending")
    assert verbs("rollback", "-y")[0] == Exit.OK
    assert words(verbs)["far"] == ("pending", "Skipped", "Succeeded")
    assert words(verbs)["iris"] == ("pending", "Skipped", "Pending")


@pytest.mark.parametrize(
    "fields",
    [{"image": "registry.example.com/theirs/sk:1"}, {"env": [{"name": "A", "value": "1"}]}],
    ids=["another image", "the same image"],
)
def test_a_copy_that_somebody_changed_is_drifted_and_so_are_its_services(
    make: Make, fields: Manifest
) -> None:
    verbs = applied(make(), "--set", NEW)
    reconcile(verbs.cluster)
    container = verbs.cluster.get(COPY)["spec"]["containers"][0]
    verbs.cluster.patch(COPY, {"spec": {"containers": [{**container, **fields}]}})
    assert {name: found[0] for name, found in words(verbs).items()} == {
        "far": "applied",
        "iris": "drifted",
        "rows": "drifted",
        "both": "applied",
    }
    assert shown(verbs)["standings"][str(COPY)] == "drifted"
    assert f"--force-field ServingRuntime/team/{SKLEARN}" in verbs("status")[1]


def test_what_a_rollback_keeps_is_skipped(make: Make) -> None:
    verbs = applied(make(), "--set", NEW)
    reconcile(verbs.cluster)
    assert verbs("rollback", "-y", "-n", "team")[0] == Exit.OK
    reconcile(verbs.cluster)
    assert words(verbs)["far"] == ("applied", "Skipped", "Pending")
    assert words(verbs)["iris"] == ("pending", "Succeeded", "Succeeded")
    assert "kept as it is by the rollback" in whys(verbs)["far"]


def test_who_was_deleted_and_who_is_left_alone_are_skipped(make: Make) -> None:
    verbs = applied(make(), "--set", NEW)
    reconcile(verbs.cluster)
    meta = verbs.cluster.get(service("rows"))["metadata"]
    verbs.cluster.patch(service("rows"), {"metadata": {"finalizers": None}})
    version = verbs.cluster.get(service("rows"))["metadata"]["resourceVersion"]
    verbs.cluster.delete(service("rows"), uid=meta["uid"], resource_version=version)
    note = {"serving.kserve.io/stop": "true"}
    verbs.cluster.patch(service("iris"), {"metadata": {"annotations": note}})
    assert words(verbs)["rows"] == ("drifted", "Skipped", "Skipped")
    assert words(verbs)["iris"] == ("applied", "Succeeded", "Skipped")
    assert whys(verbs)["rows"] == "it was deleted since"
    assert whys(verbs)["iris"].startswith("it is stopped")


def test_who_has_no_runtime_any_more_is_a_failure(make: Make) -> None:
    verbs = applied(make())
    reconcile(verbs.cluster)
    for ref in (COPY, SOURCE):
        meta = verbs.cluster.get(ref)["metadata"]
        version = meta["resourceVersion"]
        verbs.cluster.delete(ref, uid=meta["uid"], resource_version=version)
    assert words(verbs)["rows"] == ("drifted", "Succeeded", "Failed")
    assert SKLEARN in whys(verbs)["rows"]


def test_the_text_counts_first_and_names_few(make: Make) -> None:
    many = [one for one in objects("0.20.0") if one["kind"] != "InferenceService"]
    [shape] = [one for one in objects("0.20.0") if one["metadata"]["name"] == "iris"]
    names = [f"m{at:02}" for at in range(25)]
    many += [{**shape, "metadata": {**shape["metadata"], "name": name}} for name in names]
    verbs = applied(make(found=MemoryCluster(many)), "--set", NEW)
    reconcile(verbs.cluster, *names[:12])
    lines = verbs("status")[1].splitlines()
    text = "\n".join(lines)
    assert "  25 InferenceServices: 25 applied\n    actuation: 25 Succeeded\n" in text
    assert "    reconcile: 12 Succeeded, 13 Pending\n" in text
    start = lines.index("  applied, actuation Succeeded, reconcile Pending: 13")
    told = " ".join(" ".join(lines[start + 1 : start + 9]).split())
    assert told.startswith(f"{', '.join(f'team/{name}' for name in names[12:22])} and 3 more runs")
    assert f"runs {OVER}, as before asleep: " in told
    assert max(map(len, lines)) <= 80
    assert lines[-1].startswith("next: kmigrate rollback ")


def test_after_a_rollback_in_part_the_next_command_is_the_whole_one(make: Make) -> None:
    verbs = applied(make("0.15.2"), "--set", NEW)
    far = ObjectRef(COPY.api_version, COPY.kind, SKLEARN, "other")
    verbs.cluster.patch(far, {"metadata": {"labels": {"kmigrate.dev/run": "theirs"}}})
    assert verbs("rollback", "-y")[0] == Exit.MIXED
    run = shown(verbs)["id"]
    command = f"kmigrate rollback {run} --force-field ServingRuntime/other/{SKLEARN}"
    last = verbs("status")[1].splitlines()[-1]
    assert last.startswith(f"next: {command}    ")
    assert verbs(*command.split()[1:], "-y")[0] == Exit.OK
    assert shown(verbs)["state"] == "rolled back"


def test_pinned_services_are_told_like_others(make: Make) -> None:
    verbs = applied(make("0.15.2"), "--scope", "service", "--set", NEW)
    reconcile(verbs.cluster, "iris")
    assert words(verbs)["iris"] == CAME
    assert words(verbs)["far"] == ASLEEP
    model = {"model": {"runtime": "kserve-mlserver"}}
    verbs.cluster.patch(service("rows"), {"spec": {"predictor": model}})
    assert words(verbs)["rows"][0] == "drifted"
    assert "both" not in words(verbs)


def test_after_a_reset_nobody_is_told_of_who_does_not_move(make: Make) -> None:
    verbs = applied(make())
    reconcile(verbs.cluster)
    code, _, said = verbs("apply", "--reset-global", "-y")
    assert code == Exit.OK, said
    run = shown(verbs)
    assert (run["services"], run["limit"]) == ([], "")
    assert set(run["standings"].values()) == {"applied"}


def test_a_run_in_place_is_told_in_the_same_words(make: Make) -> None:
    verbs = make("0.15.2")
    new = "runtime/kserve-sklearnserver=registry.example.com/ml/sklearnserver:next"
    assert verbs("apply", "--set", new, "-y")[0] == Exit.OK
    assert words(verbs) == {"far": ASLEEP, "iris": ASLEEP, "rows": ASLEEP}
    reconcile(verbs.cluster, "iris")
    assert words(verbs) == {"far": ASLEEP, "iris": CAME, "rows": ASLEEP}
    assert verbs("rollback", "-y")[0] == Exit.OK
    assert words(verbs)["iris"] == ("pending", "Succeeded", "Pending")
    assert words(verbs)["rows"] == ("pending", "Succeeded", "Succeeded")


CONFIG = ObjectRef("v1", "ConfigMap", "inferenceservice-config", "kserve")
CONTROLLER = ObjectRef("apps/v1", "Deployment", "kserve-controller-manager", "kserve")
NO_TAG = {"template": {"spec": {"containers": [{"name": "manager", "image": "r/controller"}]}}}


def test_where_nothing_can_be_told_of_services_it_is_said_why(make: Make) -> None:
    verbs = applied(make())
    verbs.cluster.patch(CONFIG, {"data": {"deploy": "{broken"}})
    run = shown(verbs)
    assert (run["services"], "deploy" in run["limit"]) == ([], True)
    assert "nothing can be told of the services" in verbs("status")[1]


def test_doubts_about_the_release_are_told_with_the_services(make: Make) -> None:
    verbs = applied(make())
    verbs.cluster.patch(CONTROLLER, {"spec": NO_TAG})
    run = shown(verbs)
    assert len(run["services"]) == 4
    assert "by its ConfigMap 0.9 is assumed" in run["limit"]


class Closed(MemoryCluster):
    """A cluster whose runtimes this person may not list, once the run is made."""

    is_closed = False

    def list(self, api_version: str, kind: str, into: type[Any], **where: str) -> Iterator[Any]:
        if self.is_closed and kind == "ClusterServingRuntime":
            raise ForbiddenError(f"cannot list {kind}")
        return super().list(api_version, kind, into, **where)


def test_who_may_not_read_all_is_told_of_the_objects_alone(make: Make) -> None:
    found = Closed(objects("0.20.0"))
    verbs = applied(make(found=found))
    found.is_closed = True
    run = shown(verbs)
    assert set(run["standings"].values()) == {"applied"}
    assert (run["services"], "cannot list" in run["limit"]) == ([], True)
