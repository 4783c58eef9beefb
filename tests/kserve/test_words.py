"""Words that scripts may read in the output of a command: they stay what they are."""

from __future__ import annotations

from migrate.kserve import evidence
from migrate.kserve.predictors import decode
from migrate.kserve.problems import Problem, ProblemKind
from migrate.kserve.resolution import Resolution, Verdict
from migrate.kserve.runtimes import ClusterRuntime, ServingRuntime
from migrate.kserve.services import FormKind
from migrate.kserve.storage import StorageContainer
from tests.kserve.release import rules


def test_the_kinds_of_problems() -> None:
    told = ["unknown", "unread", "missing", "no-image", "no-version", "bad-image"]
    assert [kind.value for kind in ProblemKind] == told


def test_a_problem_has_a_key_only_where_there_are_two() -> None:
    text = '{"sklearn": {"x": 1, "v1": {"image": "a", "y": 1}, "v2": {"image": "b"}}}'
    found = {p.pointer: p.key for p in decode(text, rules("0.9")).problems}
    assert (found["/sklearn/x"], found["/sklearn/v1/y"]) == ("", "v1")


def test_the_forms_of_a_predictor() -> None:
    told = ["framework", "model", "custom", "none", "several"]
    assert [kind.value for kind in FormKind] == told


def test_the_sources_of_evidence() -> None:
    told = (evidence.CRDS, evidence.CONTROLLER, evidence.CONFIG_MAP)
    assert told == ("CRDs", "controller", "ConfigMap")


def test_what_runs_the_controller_is_evidence_of_the_controller() -> None:
    (old,), (new,) = evidence.of_kinds({"StatefulSet"}), evidence.of_kinds({"Deployment"})
    assert (old.source, old.oldest, old.newest) == ("controller", "0.7", "0.8")
    assert (new.source, new.oldest) == ("controller", "0.9")
    assert list(evidence.of_kinds({"DaemonSet"})) == []


def test_a_schema_without_fields_is_evidence_of_the_crds() -> None:
    bare = {"openAPIV3Schema": {"type": "object"}}
    versions = [{"name": "v1", "storage": True, "schema": bare}]
    name = "inferenceservices.serving.kserve.io"
    (found,) = evidence.of_crds({name: {"spec": {"versions": versions}}})
    assert (found.source, found.what, found.oldest) == ("CRDs", f"no fields in {name}", "0.13")


def test_kinds_are_asked_for_by_their_names() -> None:
    kinds = (StorageContainer.KIND, ServingRuntime.KIND, ClusterRuntime.KIND)
    assert kinds == ("ClusterStorageContainer", "ServingRuntime", "ClusterServingRuntime")


def test_the_server_of_a_resolution_is_that_of_its_rules() -> None:
    rules_ = ("image: gpu-suffix", "server: torchserve")
    found = Resolution("x", Verdict.RESOLVED, "", rules=rules_)
    assert found.server == "torchserve"
    assert Resolution("x", Verdict.RESOLVED, "", rules=rules_[:1]).server == ""


def test_a_text_that_nobody_reads_any_more_is_one_problem() -> None:
    (found,) = decode("{", rules("0.10")).problems
    text = "KServe 0.10 does not read predictors"
    assert found == Problem(ProblemKind.UNREAD, "", "", "", text)
