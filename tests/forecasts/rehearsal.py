"""One cluster from beginning to end: put in, planned, applied, rolled back, compared."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from migrate.kserve.releases import parse_release
from migrate.kserve.rules import Rules
from migrate.kserve.table import rules_for
from migrate.operations.model import Direction
from migrate.planning.model import planfile
from migrate.planning.model.plan import Outlook, Plan
from tests.differential.occupied import CrashedError, Occupied
from tests.forecasts.changes import Change, changes, moves
from tests.forecasts.comparing import Mismatch, Seen, compare
from tests.forecasts.generator import Given
from tests.forecasts.scene import Scene
from tests.forecasts.tally import Tally
from tests.real.cli import kmigrate

_SECONDS = 600
_TRIES = 12
# More than a service that can move ever needs, so that those that cannot do not stop the rest.
_PATIENCE = "--timeout=120"


class NothingToPlanError(RuntimeError):
    """Not even a plan without any wish is made."""


class Rehearsal:
    """Clusters one after the other on one live KServe."""

    def __init__(
        self, live: Occupied, *, beyond_images: bool = False, to_runtimes: bool = False
    ) -> None:
        self._kserve, self._live = live.kserve, live
        known = rules_for(parse_release(live.kserve.release.version))
        assert known is not None
        self._rules: Rules = known
        self._beyond_images, self._to_runtimes = beyond_images, to_runtimes
        self.tally = Tally()

    def run(self, given: Given) -> list[Mismatch]:
        """Return where the forecast was wrong for one cluster."""
        began = time.monotonic()
        self._live.begin()
        scene, found = Scene(self._live, given.cluster), list[Mismatch]()
        with tempfile.TemporaryDirectory() as folder:
            try:
                edited = self._put(scene, given)
                if edited is not None:
                    found += self._played(scene, given, edited, Path(folder))
            finally:
                scene.end()
        self.tally.wrong += found
        self.tally.seconds += time.monotonic() - began
        return found

    def _put(self, scene: Scene, given: Given) -> list[str] | None:
        """Return what was edited; None where the generator gives more than the manager bears."""
        try:
            return scene.edit(given.dice, scene.put(), always=self._to_runtimes)
        except CrashedError:
            self.tally.crashed += 1
            return None

    def _played(
        self, scene: Scene, given: Given, edited: list[str], folder: Path
    ) -> Iterator[Mismatch]:
        planned = self._planned(given, folder)
        if planned is None:
            self.tally.blocked += 1
            return
        change, plan = planned
        print(f"  {change}; edited before: {', '.join(edited) or 'nothing'}", flush=True)
        self.tally.add(plan, scene.left_out)
        start, as_before = scene.settle(), scene.settings()
        yield from self._carried_out("apply", str(folder / "plan.json"), _PATIENCE)
        there = self._seen(scene)
        yield from self._compared(plan, Direction.APPLY, (start, there))
        yield from self._carried_out("rollback", "--yes", _PATIENCE)
        back = self._seen(scene)
        yield from self._compared(plan, Direction.ROLLBACK, (there, back))
        if scene.settings() != as_before:
            yield Mismatch("the settings", "after the rollback", as_before, scene.settings())

    def _planned(self, given: Given, folder: Path) -> tuple[Change, Plan] | None:
        """Plan changes until one moves somebody; the last that can be planned, if none does.

        None where all that were tried are blocked, by what is found in this cluster.
        """
        base, said = self._plan((), folder)
        if base is None:
            raise NothingToPlanError(said)
        tried = self._tried(given, base)
        found: tuple[Change, Plan] | None = None
        for _, change in zip(range(_TRIES), tried, strict=False):
            plan, said = self._plan(change.arguments(folder), folder)
            if plan is None:
                print(f"  not planned: {change}: {said}", flush=True)
            elif self._is_enough(plan):
                return change, plan
            else:
                found = (change, plan)
        if found is not None:
            self._plan(found[0].arguments(folder), folder)
        return found

    def _tried(self, given: Given, base: Plan) -> Iterator[Change]:
        if self._to_runtimes:
            return moves(given.dice, base)
        repin = not self._rules.converts_on_write
        return changes(given.dice, base, repin=repin, beyond_images=self._beyond_images)

    def _is_enough(self, plan: Plan) -> bool:
        if self._to_runtimes:
            return bool(plan.operations)
        return any(row.outlook is Outlook.CHANGES for row in plan.forecast)

    def _plan(self, arguments: tuple[str, ...], folder: Path) -> tuple[Plan | None, str]:
        file = folder / "plan.json"
        file.unlink(missing_ok=True)
        done = self._kmigrate("plan", *arguments, "--out", str(file))
        if not file.exists():
            return None, done.stderr
        plan = planfile.load(file.read_bytes(), str(file))
        if plan.blocking:
            return None, "; ".join(sorted(f"{f.code} {f.text}" for f in plan.blocking))
        return plan, ""

    def _carried_out(self, *arguments: str) -> Iterator[Mismatch]:
        done = self._kmigrate(*arguments)
        if done.returncode:
            told = f"exit {done.returncode}: {done.stdout[-800:]}{done.stderr[-1600:]}"
            yield Mismatch(f"kmigrate {arguments[0]}", "exit code", 0, told)

    def _kmigrate(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return kmigrate(self._kserve.admin, *arguments, expect=None, timeout=_SECONDS)

    def _seen(self, scene: Scene) -> Seen:
        scene.follow()
        return scene.settle()

    def _compared(
        self, plan: Plan, direction: Direction, seen: tuple[Seen, Seen]
    ) -> Iterator[Mismatch]:
        self.tally.see(direction, *seen)
        yield from compare(plan, direction, *seen)
