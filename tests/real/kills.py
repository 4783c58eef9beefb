"""Killing kmigrate at a request, and bringing it to a good end with one command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from tests.real.cli import KMIGRATE, environment, kmigrate
from tests.real.world import REPOSITORY
from tests.testbed.kills import Moment
from tests.testbed.kserve import KServe
from tests.testbed.proxy import KillProxy

QUICK = ("--yes", "--lease-duration", "1", "--timeout", "60")
APPLY = ("apply", "--set", f"sklearn={REPOSITORY}:v0.7.0", *QUICK)
ROLLBACK = ("rollback", *QUICK)
IN_PLACE = {"apply": APPLY, "rollback": ROLLBACK}
ONE_BY_ONE = ("--parallelism", "1")
TO_RUNTIMES = {
    "apply": ("apply", "--to-runtimes", *ONE_BY_ONE, *QUICK),
    "rollback": (*ROLLBACK, *ONE_BY_ONE),
}
Commands = dict[str, tuple[str, ...]]


class World(Protocol):
    """A cluster that is looked at as a whole."""

    kserve: KServe

    def everything_else(self) -> dict[Any, Any]:
        """All that must be the same after a rollback."""
        ...


@dataclass(frozen=True)
class Kill:
    """Where a run is killed, and with what it is gone on. ``request`` counts from 1."""

    victim: str
    request: int
    moment: Moment
    then: str

    def __str__(self) -> str:
        return f"{self.victim} {self.request} {self.moment.name} then {self.then}"


@dataclass(frozen=True)
class Ends:
    """The two states that a run may end in, and the commands that lead to them."""

    start: dict[Any, Any]
    target: dict[Any, Any]
    commands: Commands


def ends_of(world: World, commands: Commands = IN_PLACE) -> Ends:
    """Go there and back once, undisturbed."""
    start = world.everything_else()
    kmigrate(world.kserve.admin, *commands["apply"])
    target = world.everything_else()
    kmigrate(world.kserve.admin, *commands["rollback"])
    assert world.everything_else() == start
    assert target != start
    return Ends(start, target, commands)


def survive(world: World, proxy: KillProxy, ends: Ends, kill: Kill) -> bool:
    """Kill, go on, and check the end; leave the world at its start.

    Return False when the victim ended before the request was reached.
    """
    if kill.victim == "rollback":
        kmigrate(world.kserve.admin, *ends.commands["apply"])
    was_killed = _kill(proxy, kill, ends.commands)
    kmigrate(world.kserve.admin, *ends.commands[kill.then])
    wanted = ends.target if kill.then == "apply" else ends.start
    assert world.everything_else() == wanted, kill
    kmigrate(world.kserve.admin, *ends.commands["rollback"])
    assert world.everything_else() == ends.start, kill
    return was_killed


def _kill(proxy: KillProxy, kill: Kill, commands: Commands) -> bool:
    proxy.arm(kill.request, kill.moment)
    done = proxy.run(
        [str(KMIGRATE), *commands[kill.victim]], env=environment(proxy.kubeconfig), timeout=120
    )
    assert done.returncode == (-9 if proxy.has_killed else 0), (kill, done)
    return bool(proxy.has_killed)
