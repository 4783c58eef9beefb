"""One writer at a time, judged by what is seen from here."""

from __future__ import annotations

import pytest

from migrate.cluster.memory import MemoryCluster
from migrate.errors import LockedError, UnreachableError
from migrate.execute.events import Waiting
from migrate.execute.lease import Lease
from tests.execute.clock import FakeClock
from tests.execute.flaky import Fault, FlakyCluster


def lease(
    cluster: MemoryCluster | FlakyCluster,
    holder: str,
    clock: FakeClock,
    *,
    duration: int = 60,
    timeout: float | None = None,
) -> Lease:
    return Lease(cluster, "kserve", holder, clock, duration=duration, timeout=timeout)


def quiet(_: Waiting) -> None:
    pass


def test_the_number_rises_with_each_holder() -> None:
    cluster, clock = MemoryCluster(), FakeClock()
    for number, holder in enumerate(["a", "b", "a"], start=1):
        one = lease(cluster, holder, clock)
        one.acquire(quiet)
        assert one.fence == number
        one.release()
    assert clock.seconds == 0


def test_a_dead_holder_is_waited_out_for_its_own_duration() -> None:
    cluster, clock = MemoryCluster(), FakeClock()
    lease(cluster, "dead", clock, duration=20).acquire(quiet)
    told: list[Waiting] = []
    lease(cluster, "next", clock, duration=60).acquire(told.append)
    assert 20 <= clock.seconds < 21
    assert "held by dead" in told[0].why


def test_a_living_holder_is_not_waited_for() -> None:
    cluster, theirs = MemoryCluster(), FakeClock()
    other = lease(cluster, "alive", theirs, duration=9)
    other.acquire(quiet)

    def meanwhile(now: float) -> None:
        theirs.seconds = now
        other.keep()

    clock = FakeClock(meanwhile)
    with pytest.raises(LockedError) as caught:
        lease(cluster, "next", clock).acquire(quiet)
    assert "alive" in caught.value.message
    assert "renewed while we waited" in caught.value.message
    assert clock.seconds < 9


def test_a_living_holder_is_waited_for_as_long_as_asked() -> None:
    cluster, theirs = MemoryCluster(), FakeClock()
    other = lease(cluster, "alive", theirs, duration=9)
    other.acquire(quiet)

    def meanwhile(now: float) -> None:
        theirs.seconds = now
        if now > 30:
            other.release()
        else:
            other.keep()

    clock = FakeClock(meanwhile)
    with pytest.raises(LockedError, match="--lock-timeout"):
        lease(cluster, "impatient", clock, timeout=20).acquire(quiet)
    lease(cluster, "patient", clock, timeout=60).acquire(quiet)
    assert 30 < clock.seconds < 33


def test_a_lease_that_was_taken_over_is_lost() -> None:
    cluster, clock = MemoryCluster(), FakeClock()
    one = lease(cluster, "slow", clock, duration=10)
    one.acquire(quiet)
    lease(cluster, "fast", clock, duration=10).acquire(quiet)
    with pytest.raises(LockedError, match="lost"):
        one.keep()


def test_a_late_holder_that_nobody_replaced_goes_on() -> None:
    cluster, clock = MemoryCluster(), FakeClock()
    one = lease(cluster, "slow", clock, duration=10)
    one.acquire(quiet)
    clock.seconds += 1000
    one.keep()
    assert one.fence == 1


def test_nothing_is_renewed_before_it_is_due() -> None:
    cluster, clock = FlakyCluster(MemoryCluster()), FakeClock()
    one = lease(cluster, "a", clock, duration=30)
    one.acquire(quiet)
    clock.seconds += 9
    one.keep()
    assert cluster.writes == 1
    clock.seconds += 2
    one.keep()
    assert cluster.writes == 2


@pytest.mark.parametrize("at", [2, 3])
def test_a_renewal_whose_answer_got_lost_is_ours_all_the_same(at: int) -> None:
    memory, clock = MemoryCluster(), FakeClock()
    one = lease(FlakyCluster(memory, at, Fault.ANSWER_LOST), "a", clock, duration=3)
    one.acquire(quiet)
    clock.seconds += 2
    if at == 2:
        with pytest.raises(UnreachableError):
            one.keep()
    one.keep()
    clock.seconds += 2
    if at == 3:
        with pytest.raises(UnreachableError):
            one.keep()
    one.keep()
    assert one.fence == 1


def test_of_two_who_find_it_free_one_gets_it() -> None:
    cluster, clock = MemoryCluster(), FakeClock()
    first = lease(cluster, "first", clock)
    first.acquire(quiet)
    first.release()

    class Late(FlakyCluster):
        """Between this one's look and its write, somebody else takes the Lease."""

        def patch(self, *args: object, **rest: object) -> dict[str, object]:
            if self.writes == 0:
                self.writes = 1
                lease(cluster, "quick", clock, duration=5).acquire(quiet)
            return super().patch(*args, **rest)  # type: ignore[arg-type]

    late = lease(Late(cluster), "late", clock)
    late.acquire(quiet)
    assert clock.seconds >= 5
    assert late.fence == 3
