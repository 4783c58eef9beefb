"""Recorded verdicts of the real controllers are the judges of what kmigrate predicts.

The record is checked in full each time; `make differential` asks live controllers anew.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from migrate.kserve.releases import parse_release
from migrate.kserve.rules import Unset
from migrate.kserve.table import rules_for
from tests.differential.prediction import mismatches
from tests.differential.record import FOLDER, header, load
from tests.differential.tally import hits, refusals

RELEASES = sorted(path.name.removesuffix(".jsonl.gz") for path in FOLDER.glob("*.jsonl.gz"))
ASKED_FOR = {"0.7.0", "0.8.0", "0.9.0", "0.10.2", "0.11.2", "0.15.2", "0.16.0", "0.20.0"}


@pytest.mark.parametrize("release", RELEASES)
def test_every_recorded_verdict_is_as_predicted(release: str) -> None:
    found = [one for cluster, verdict in load(release) for one in mismatches(cluster, verdict)]
    assert not found, "\n".join(map(str, found[:5]))


def test_there_is_enough_of_every_release() -> None:
    assert set(RELEASES) >= ASKED_FOR
    counts = {release: header(release)["services"] for release in RELEASES}
    assert min(counts[release] for release in ASKED_FOR) >= 300
    assert sum(counts.values()) >= 5000
    assert sum(header(release)["clusters"] for release in RELEASES) >= 500


RULES = (
    *("stored by the webhook in the model form", "refused by a webhook", "left alone"),
    *("named: found in the namespace", "named: found in the cluster", "named: missing"),
    *("named: unfit", "no-runtime", "no-order", "only Go can tell"),
    *("the container cannot be made", "server: mlserver", "server: torchserve"),
    *("server: tritonserver", "image: gpu-suffix", "image: gpu-from-predictors"),
    *("image: cpu-repository", "image: digest-kept", "workers", "canaries"),
    *("image: pin: all from the first colon", "mode: Knative", "mode: Standard"),
    *("image: pin: the last colon and the tag after it", "mode: ModelMesh"),
    *(
        f"auto-selected: the only one of the {where} that fits"
        for where in ("namespace", "cluster")
    ),
    *(
        f"auto-selected: first of the {where}: {why}"
        for where in ("namespace", "cluster")
        for why in ("a higher priority", "a lower protocol", "created later", "its name")
    ),
    *(f"verdict: {verdict}" for verdict in ("resolved", "explicit", "custom", "broken")),
    *(f"form: framework {name}" for name in ("sklearn", "xgboost", "tensorflow", "pytorch")),
    *(f"form: framework {name}" for name in ("triton", "onnx", "pmml", "lightgbm", "paddle")),
    "form: framework huggingface",
)


def test_every_rule_decided_somewhere(capsys: pytest.CaptureFixture[str]) -> None:
    counted: Counter[str] = Counter()
    for release in RELEASES:
        for cluster, verdict in load(release):
            counted += hits(cluster, verdict)
    with capsys.disabled():
        print(f"\n{sum(header(r)['services'] for r in RELEASES)} recorded services, hits per rule:")
        print("\n".join(f"{count:6} {rule}" for rule, count in sorted(counted.items())))
    assert not [rule for rule in RULES if not counted[rule]]


@pytest.mark.parametrize("release", RELEASES)
def test_hardly_anything_is_left_untold(release: str) -> None:
    """A prediction that says nothing is never wrong: there must be few.

    Most of them on 0.7, where many generated texts have a key twice.
    """
    counted = sum((hits(cluster, verdict) for cluster, verdict in load(release)), Counter[str]())
    assert counted["verdict: cannot-tell"] <= 0.15 * header(release)["services"]


@pytest.mark.parametrize("release", RELEASES)
def test_a_refusal_that_is_told_is_one(release: str) -> None:
    """Not every refusal is told; but what is told to be refused, is, and most are told."""
    told, denied = 0, 0
    for cluster, verdict in load(release):
        for refusal in refusals(cluster, verdict):
            assert not refusal.told or refusal.denied, refusal
            is_ours = "admission webhook" in (refusal.denied or "")
            denied += is_ours and "autoscaler class type" not in (refusal.denied or "")
            told += is_ours and bool(refusal.told)
    assert told >= 0.75 * denied


def _some(release: str) -> Iterator[tuple[Any, Any]]:
    return ((c, v) for c, v in load(release) if not mismatches(c, v))


def test_a_changed_verdict_is_noticed() -> None:
    cluster, verdict = next(
        (c, v)
        for c, v in _some("0.15.2")
        if any(s["workloads"] and not s["failed"] for s in v["services"].values())
    )
    changed = copy.deepcopy(verdict)
    for service in changed["services"].values():
        for workload in service["workloads"]:
            workload["spec"]["containers"][0]["image"] = "somebody/elses:1"
    assert mismatches(cluster, changed)


@pytest.mark.parametrize(
    ("release", "rule"),
    [
        ("0.9.0", {"unset_protocol": Unset.V1}),
        ("0.15.2", {"orders_by_priority": False}),
        ("0.16.0", {"keeps_digest": False}),
        ("0.20.0", {"name_env": False}),
        ("0.20.0", {"cpu_repository": frozenset()}),
        ("0.8.0", {"stores_runtime": False}),
        ("0.7.0", {"pins_at_admission": False}),
    ],
    ids=str,
)
def test_a_changed_rule_is_noticed(release: str, rule: dict[str, Any]) -> None:
    known = rules_for(parse_release(release))
    assert known is not None
    wrong = msgspec.structs.replace(known, **rule)
    found = (one for c, v in load(release) for one in mismatches(c, v, wrong))
    assert next(found, None) is not None
