"""Change ``migrate/kserve`` in many small ways, and count which of them a test notices."""

from __future__ import annotations

import argparse
import functools
import gc
import multiprocessing
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from tests.mutation import forks
from tests.mutation.judges import Judge, Recorded, is_predicted, recorded, trial
from tests.mutation.mutants import Mutant, mutants

_EVERY = 50
_TOLD = {
    Judge.NOBODY: "survived",
    Judge.VERDICT: "killed by a recorded verdict",
    Judge.TEST: "killed by a test",
    Judge.IMPORT: "killed by the import",
}


class Count:
    """What came of each mutant."""

    def __init__(self) -> None:
        self.judges: Counter[str] = Counter()
        self.modules: dict[str, Counter[bool]] = {}
        self.survivors: list[Mutant] = []

    def add(self, mutant: Mutant, code: int) -> None:
        self.judges[_judge(code)] += 1
        self.modules.setdefault(mutant.name, Counter())[code != Judge.NOBODY] += 1
        if code == Judge.NOBODY:
            self.survivors.append(mutant)

    @property
    def tried(self) -> int:
        return self.judges.total()

    @property
    def rate(self) -> float:
        """The share of mutants that was noticed, in percent."""
        return 100 * (1 - len(self.survivors) / max(1, self.tried))

    def report(self) -> str:
        names = sorted(self.modules)
        lines = [str(mutant) for mutant in sorted(self.survivors, key=lambda m: (m.name, m.line))]
        lines += [f"{'module':14} killed survived"]
        lines += [f"{n:14} {self.modules[n][True]:6} {self.modules[n][False]:8}" for n in names]
        lines += [f"{count:5} {judge}" for judge, count in self.judges.most_common()]
        return "\n".join(lines)


def _judge(code: int) -> str:
    """Say who noticed. A trial that fails by itself says nothing about its mutant."""
    if code == forks.FAILED:
        raise SystemExit("a trial failed, and not for its mutant")
    return _TOLD[Judge(code)] if code >= 0 else "killed by the clock"


def _sound(verdicts: Sequence[Recorded]) -> list[Recorded]:
    """The verdicts that are predicted as things are: only those can tell a mutant."""
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        answers = list(pool.map(is_predicted, verdicts, chunksize=10))
    return [one for one, is_right in zip(verdicts, answers, strict=True) if is_right]


def _check(verdicts: Sequence[Recorded]) -> None:
    """See to it that no judge has anything to say without a mutant."""
    ask = functools.partial(trial, verdicts=verdicts)
    ((_, code),) = forks.run([None], ask, jobs=1)
    if code != Judge.NOBODY:
        raise SystemExit(f"without any mutant: {_judge(code)}")


def _tried(chosen: Sequence[Mutant], verdicts: Sequence[Recorded], jobs: int) -> Count:
    count = Count()
    # Nothing of what the trials share is ever let go: no trial need look for it.
    gc.freeze()
    ask = functools.partial(trial, verdicts=verdicts)
    for mutant, code in forks.run(chosen, ask, jobs=jobs):
        count.add(mutant, code)
        if count.tried % _EVERY == 0:
            told = f"{count.tried} of {len(chosen)}, {count.rate:.1f} % killed"
            print(told, file=sys.stderr, flush=True)
    return count


def main(arguments: Sequence[str] | None = None) -> int:
    """Try mutants; returns 1 where fewer are killed than asked for."""
    options = _parser().parse_args(arguments)
    started = time.monotonic()
    known, verdicts = mutants(options.only), _sound(recorded())
    size = min(options.sample or len(known), len(known))
    sampled = f"seed {options.seed}: {size} of {len(known)} mutants"
    print(f"{sampled}, {len(verdicts)} recorded clusters", flush=True)
    _check(verdicts)
    chosen = random.Random(options.seed).sample(known, size)
    count = _tried(chosen, verdicts, options.jobs)
    _check(verdicts)  # nobody has edited anything in the meantime
    print(count.report())
    alive, minutes = len(count.survivors), (time.monotonic() - started) / 60
    print(f"{sampled}, {size - alive} killed, {alive} survived: ", end="")
    print(f"{count.rate:.1f} % killed, in {minutes:.0f} min")
    return 1 if count.rate < options.least else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--sample", type=int, default=600, help="how many mutants; 0 is all")
    parser.add_argument("--seed", type=int, default=1, help="which of them")
    parser.add_argument("--only", default="", help="one module of the room, such as tags")
    parser.add_argument("--least", type=float, default=85, help="percent that must be killed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="trials at a time")
    return parser


if __name__ == "__main__":
    sys.exit(main())
