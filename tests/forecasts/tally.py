"""The figures of a run."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from migrate.operations.model import Direction
from migrate.planning.model.plan import Plan
from tests.forecasts.comparing import Mismatch, Seen
from tests.forecasts.expected import UNTOLD
from tests.forecasts.seen import moved

_RULE_OF_THREE = 3


@dataclass
class Tally:
    """Counted over all clusters; ``moved`` and ``stayed`` over both directions."""

    clusters: int = 0
    crashed: int = 0
    blocked: int = 0
    left_out: int = 0
    outlooks: Counter[str] = field(default_factory=Counter)
    untold: Counter[str] = field(default_factory=Counter)
    moved: Counter[str] = field(default_factory=Counter)
    stayed: Counter[str] = field(default_factory=Counter)
    wrong: list[Mismatch] = field(default_factory=list)
    seconds: float = 0

    def add(self, plan: Plan, left_out: int) -> None:
        """Count a plan that is carried out."""
        self.clusters, self.left_out = self.clusters + 1, self.left_out + left_out
        self.outlooks.update(row.outlook.value for row in plan.forecast)
        self.untold.update(
            f"{row.outlook.value}: {row.reason}" for row in plan.forecast if row.outlook in UNTOLD
        )

    def see(self, direction: Direction, before: Seen, after: Seen) -> None:
        """Count who moved and who stayed."""
        for key in before.keys() & after.keys():
            kind = self.moved if moved(before[key], after[key]) else self.stayed
            kind[direction.value] += 1

    def _others(self) -> Iterator[str]:
        if self.crashed:
            yield f"{self.crashed} clusters more, at which the manager ended"
        if self.blocked:
            yield f"{self.blocked} clusters more, where all that was tried is blocked"

    def lines(self) -> list[str]:
        """The figures, for people."""
        services = self.outlooks.total()
        told = services - sum(self.outlooks[untold.value] for untold in UNTOLD)
        lines = [
            f"{self.clusters} clusters, {services} services (left out as refused: {self.left_out})",
            *self._others(),
            *(f"  {outlook}: {count}" for outlook, count in self.outlooks.most_common()),
            *(f"    {reason}: {count}" for reason, count in self.untold.most_common()),
            *(
                f"{d.value}: {self.moved[d.value]} moved, {self.stayed[d.value]} stayed"
                for d in Direction
            ),
            f"{len(self.wrong)} mismatches, {self.seconds:.0f} s",
        ]
        if told and not self.wrong:
            bound = _RULE_OF_THREE / told
            lines.append(f"so fewer than {bound:.2%} of such services are forecast wrongly (95 %)")
        return lines
