"""The law of the rollback: 10,000 configurations and edits, through engine and record.

The way back is planned from the record in the cluster, and it restores each leaf's source
text: nowhere is a copy of the whole value kept.
"""

from __future__ import annotations

import json
import random
from typing import Any

from msgspec import UNSET

from migrate.cluster.memory import MemoryCluster
from migrate.execute import record
from migrate.execute.chunks import split
from migrate.execute.engine import Engine
from migrate.execute.lease import Lease
from migrate.execute.run import Head, Run
from migrate.objects import ObjectRef, canonical, sha256
from migrate.operations.jsontext import locate
from migrate.operations.model import Direction, Edit, Operation, Patch
from migrate.planning.model import planfile
from migrate.planning.model.desired import Options
from migrate.planning.model.plan import Plan, Stage
from tests.execute.clock import FakeClock

CASES = 10_000
CONFIG = ObjectRef("v1", "ConfigMap", "inferenceservice-config", "kserve")
WORDS = ["image", "defaultImageVersion", "v1", "v2", "größe", "ключ", "a/b", "~x", "", '"q"', "<&>"]
SPACES = ["", " ", "\n", "\r\n", "\t", "  \r\n \t"]


def generated(seed: int) -> tuple[str, list[tuple[str, str | None, str]]]:
    """A document laid out at random, and edits of distinct leaves: pointer, before, after."""
    dice = random.Random(seed)
    leaves: list[str] = []
    text = _space(dice) + _object(dice, "", 0, leaves) + _space(dice)
    chosen = dice.sample(leaves, min(len(leaves), dice.randint(1, 4)))
    edits = []
    for at in chosen:
        before = locate(text, at)
        after = _string(dice)
        is_same = isinstance(before, str) and json.loads(before) == json.loads(after)
        edits.append(
            (at, before if isinstance(before, str) else None, '"other"' if is_same else after)
        )
    return text, edits


def _object(dice: random.Random, at: str, depth: int, leaves: list[str]) -> str:
    keys = dice.sample(WORDS, dice.randint(0, 4))
    absent = next(w for w in WORDS if w not in keys)
    leaves.append(f"{at}/{_escaped(absent)}")
    members = [_member(dice, f"{at}/{_escaped(k)}", k, depth, leaves) for k in keys]
    inside = f"{_space(dice)},{_space(dice)}".join(members)
    return "{" + _space(dice) + inside + (_space(dice) if members else "") + "}"


def _member(dice: random.Random, at: str, key: str, depth: int, leaves: list[str]) -> str:
    if depth < 3 and dice.random() < 0.4:
        value = _object(dice, at, depth + 1, leaves)
    else:
        value = dice.choice([_string(dice), "7", "1e3", "null", "true", '["x" , 1]', "-0.0"])
        leaves.append(at)
    return (
        f"{json.dumps(key, ensure_ascii=dice.random() < 0.5)}{_space(dice)}:{_space(dice)}{value}"
    )


def _string(dice: random.Random) -> str:
    word = "".join(dice.choice('aé世\u2028"\\/<>&\n😀 ') for _ in range(dice.randint(0, 6)))
    return json.dumps(word, ensure_ascii=dice.random() < 0.5)


def _space(dice: random.Random) -> str:
    return dice.choice(SPACES)


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def plan_for(edits: list[tuple[str, str | None, str]]) -> Plan:
    made = tuple(Edit("/data/predictors", *_sides(b, a), at) for at, b, a in edits)
    stage = (Stage((0,)),)
    return Plan(
        cluster_uid="u",
        kserve_namespace="kserve",
        release="0.7.0",
        options=Options(),
        operations=(Operation(CONFIG, Patch(made), "law"),),
        apply=stage,
        rollback=stage,
    )


def _sides(before: str | None, after: str) -> tuple[Any, str]:
    return (UNSET if before is None else before), after


def go(cluster: MemoryCluster, plan: Plan, direction: Direction, run: Run | None) -> Run:
    """One direction by the engine, from the record where there is one."""
    clock = FakeClock()
    lease = Lease(cluster, "kserve", "law", clock)
    engine = Engine(cluster, lease, clock, lambda _: None, 60.0)
    lease.acquire(lambda _: None)
    if run is None:
        payload = canonical(plan)
        head = Head("r", sha256(payload), len(split(payload)), "t", "o", "v", "s")
        run = record.create(cluster, "kserve", head, payload, engine.entry("started", direction))
    done = engine.execute(run, direction, plan.waves(direction))
    done = engine.finish(done, direction, whole=True)
    lease.release()
    return done


def test_a_rollback_restores_every_byte() -> None:
    changed = 0
    for seed in range(CASES):
        text, edits = generated(seed)
        config = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": CONFIG.name, "namespace": CONFIG.namespace},
            "data": {"predictors": text, "ingress": "{ }"},
        }
        cluster = MemoryCluster([config])
        go(cluster, plan_for(edits), Direction.APPLY, None)
        after = cluster.get(CONFIG)["data"]["predictors"]
        for at, _, wanted in edits:
            found = locate(after, at)
            assert isinstance(found, str), (seed, at)
            assert json.loads(found) == json.loads(wanted), (seed, at)
        changed += after != text
        (run,) = record.runs(cluster, "kserve")
        assert text not in str(cluster.get(record.ref_of_head(run))), seed
        recorded = planfile.decode(record.payload_of(cluster, run), "run")
        go(cluster, recorded, Direction.ROLLBACK, run)
        assert cluster.get(CONFIG)["data"] == config["data"], seed
    assert changed == CASES
