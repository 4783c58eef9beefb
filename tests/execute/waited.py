"""A wait on a clock that only moves when somebody sleeps, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from migrate.cluster.memory import MemoryCluster
from migrate.commands.states import model_troubles
from migrate.errors import RolloutFailedError, WaitTimeoutError
from migrate.execute.events import Event, Troubled
from migrate.execute.waiting import await_all
from migrate.execute.watching import Watch
from migrate.objects import ObjectRef, ref_of
from migrate.operations.model import Condition, RolledOut, Wake
from tests.execute.clock import FakeClock
from tests.execute.failing import DEPLOYMENT, ISVC

Json = Any
Later = dict[float, Callable[[], object]]
"""What happens so many seconds after the wait began."""
ROLLED_OUT = RolledOut(DEPLOYMENT, ISVC)


class Waited:
    """What became of a wait: its end, how long it took, and what was told when."""

    def __init__(
        self,
        cluster: MemoryCluster,
        *conditions: Condition,
        later: Later | None = None,
        woken: Iterable[ObjectRef] = (),
    ) -> None:
        left = dict(later or {})

        def meanwhile(seconds: float) -> None:
            for at in [at for at in left if at <= seconds]:
                left.pop(at)()

        self.clock = FakeClock(meanwhile)
        self.told: list[tuple[float, Troubled]] = []
        self.error: RolloutFailedError | WaitTimeoutError | None = None
        watch = Watch(cluster, self.clock, self._tell, model_troubles, map(Wake, woken))
        try:
            await_all(
                cluster,
                conditions or (ROLLED_OUT,),
                self.clock,
                self._tell,
                timeout=60,
                meanwhile=lambda _: None,
                watch=watch,
            )
        except (RolloutFailedError, WaitTimeoutError) as error:
            self.error = error

    def _tell(self, event: Event) -> None:
        if isinstance(event, Troubled):
            self.told.append((self.clock.seconds, event))

    @property
    def reasons(self) -> list[str]:
        return [one.trouble.reason for _, one in self.told]

    @property
    def text(self) -> str:
        assert self.error is not None
        return self.error.message

    @property
    def is_early(self) -> bool:
        return isinstance(self.error, RolloutFailedError)


def put(cluster: MemoryCluster, manifest: Json) -> Callable[[], object]:
    """Return what writes the status of an object there, or the whole of a new one."""
    ref = ref_of(manifest)

    def write() -> object:
        if manifest["kind"] == "Event":
            return cluster.patch(ref, {"count": manifest["count"]})
        return cluster.patch(ref, {"status": manifest["status"]}, subresource="status")

    return write
