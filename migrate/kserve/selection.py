"""Which runtime serves a model in the ``model`` form, and why the others do not.

``GetSupportingRuntimes`` in ``pkg/apis/serving/v1beta1/predictor_model.go``, and the branch
for a named runtime in ``components/predictor.go``, KServe 0.8 to 0.20.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from migrate.kserve import terms
from migrate.kserve.rules import Rules, Unset
from migrate.kserve.runtimes import Runtime, Runtimes, SupportedFormat


class Wish(msgspec.Struct, frozen=True):
    """What a model asks of its runtime. ``protocol`` is None where it asks for none."""

    namespace: str
    format: str
    version: str | None = None
    protocol: str | None = None
    has_workers: bool = False


class Candidate(msgspec.Struct, frozen=True):
    """A runtime that was looked at; ``lost`` says why it was not taken, empty for the one."""

    runtime: Runtime
    lost: str = ""


class Selection(msgspec.Struct, frozen=True):
    """The candidates in KServe's order: the one that is taken, if any, comes first.

    ``ambiguous`` names those that KServe may take as well: 0.8 has no order, and Go's sort
    keeps none among equals beyond twelve.
    """

    candidates: tuple[Candidate, ...]
    ambiguous: tuple[str, ...] = ()
    rule: str = ""

    @property
    def runtime(self) -> Runtime | None:
        """The runtime that is taken."""
        first = self.candidates[0] if self.candidates else None
        return first.runtime if first is not None and not first.lost else None


STABLE = 12
"""Up to so many items Go's ``sort.Slice`` sorts by insertion, which keeps the order of equals."""


def select(wish: Wish, runtimes: Runtimes, rules: Rules) -> Selection:
    """Choose a runtime for a model that names none."""
    fit, lost = [], []
    for scope in (wish.namespace, ""):
        passed = []
        for runtime in runtimes.of(scope).values():
            reason = unfit(runtime, wish, rules)
            if reason:
                lost.append(Candidate(runtime, reason))
            else:
                passed.append(runtime)
        fit.append(_ordered(passed, wish, rules))
    return _selection(fit[0], fit[1], lost, wish, rules)


def _selection(
    own: list[Runtime], cluster: list[Runtime], lost: list[Candidate], wish: Wish, rules: Rules
) -> Selection:
    ordered = [*own, *cluster]
    if not ordered:
        return Selection(tuple(lost))
    first, scope = ordered[0], own or cluster
    beaten = (Candidate(r, _beaten(r, first, wish, rules)) for r in ordered[1:])
    ambiguous = tuple(r.name for r in scope[1:] if _may_swap(r, scope, wish, rules))
    rule = _rule(scope, wish, rules)
    return Selection((Candidate(first), *beaten, *lost), ambiguous, rule)


def unfit(runtime: Runtime, wish: Wish, rules: Rules) -> str:
    """Say why a runtime cannot be chosen for a model that names none; empty where it can."""
    spec = runtime.spec
    if spec.disabled:
        return "it is disabled"
    if spec.multi_model:
        return "it is for ModelMesh (multiModel)"
    if reason := _no_format(spec.supported_model_formats or (), wish, auto=True):
        return reason
    protocol = _protocol(wish, rules)
    if protocol and not supports(runtime, protocol):
        return f"it does not serve protocol {protocol}"
    if rules.uses_workers and (spec.worker_spec is not None) is not wish.has_workers:
        return "it has a workerSpec" if spec.worker_spec is not None else "it has no workerSpec"
    return ""


def unfit_though_named(runtime: Runtime, wish: Wish, rules: Rules) -> str:
    """Say why KServe refuses a runtime that the service names; empty where it does not."""
    if runtime.spec.disabled:
        return f"{runtime.ref} is disabled"
    asks = rules.unset_protocol is not Unset.IGNORED
    if asks and wish.protocol and not supports(runtime, wish.protocol):
        return f"{runtime.ref} does not serve protocol {wish.protocol}"
    reason = _no_format(runtime.spec.supported_model_formats or (), wish, auto=False)
    return f"{runtime.ref}: {reason}" if reason else ""


def supports(runtime: Runtime, protocol: str) -> bool:
    """Tell whether a runtime serves a protocol: without a list it serves any."""
    return not runtime.spec.protocol_versions or protocol in runtime.spec.protocol_versions


def _protocol(wish: Wish, rules: Rules) -> str:
    if rules.unset_protocol is Unset.IGNORED:
        return ""
    default = terms.PROTOCOL_V1 if rules.unset_protocol is Unset.V1 else ""
    # An empty text is a protocol to Go, and supported by all.
    return default if wish.protocol is None else wish.protocol


def _no_format(formats: Iterable[SupportedFormat], wish: Wish, *, auto: bool) -> str:
    named = [f for f in formats if f.name == wish.format]
    if not named:
        return f"it does not serve {wish.format}"
    able = [f for f in named if f.auto_select or not auto]
    if not able:
        return f"autoSelect is not on for {wish.format}"
    # The labels that KServe compares are `mt:NAME` and `mt:NAME:VERSION`.
    if wish.version is not None and wish.version not in [f.version for f in able]:
        return f"it does not serve {wish.format} version {wish.version!r}"
    return ""


_PROTOCOLS = (
    *(terms.PROTOCOL_V1, terms.PROTOCOL_V2, terms.PROTOCOL_GRPC_V1, terms.PROTOCOL_GRPC_V2),
)


def lowest_protocol(runtime: Runtime) -> int:
    """Return the rank of a runtime's lowest protocol; the highest rank without any."""
    ranks = {name: rank for rank, name in enumerate(_PROTOCOLS)}
    found = [ranks.get(name, len(ranks)) for name in runtime.spec.protocol_versions or ()]
    return min(found, default=len(ranks))


def lowest_protocol_name(runtime: Runtime) -> str:
    """Return a runtime's lowest protocol; "" where it lists none that KServe knows."""
    return dict(enumerate(_PROTOCOLS)).get(lowest_protocol(runtime), "")


def priority(runtime: Runtime, format_: str) -> int | None:
    """Return the priority for a format: that of its first entry, whatever its version."""
    found = (f for f in runtime.spec.supported_model_formats or () if f.name == format_)
    return next((f.priority for f in found), None)


def _ordered(runtimes: list[Runtime], wish: Wish, rules: Rules) -> list[Runtime]:
    if not rules.orders_by_age:
        return runtimes
    ordered = sorted(runtimes, key=lambda runtime: runtime.name)
    ordered.sort(key=lambda runtime: runtime.metadata.creation_timestamp or "", reverse=True)
    ordered.sort(key=lowest_protocol)
    if rules.orders_by_priority:
        ordered.sort(key=lambda runtime: _rank(runtime, wish))
    return ordered


def _rank(runtime: Runtime, wish: Wish) -> tuple[bool, int]:
    found = priority(runtime, wish.format)
    return (found is None, -(found or 0))


def _may_swap(runtime: Runtime, scope: list[Runtime], wish: Wish, rules: Rules) -> bool:
    if not rules.orders_by_age:
        return True
    is_long = rules.orders_by_priority and len(scope) > STABLE
    return is_long and _rank(runtime, wish) == _rank(scope[0], wish)


def _beaten(runtime: Runtime, by: Runtime, wish: Wish, rules: Rules) -> str:
    if runtime.is_cluster is not by.is_cluster:
        return f"{by.ref} is in the namespace, which comes first"
    return f"{by.ref} comes first: {_difference(runtime, by, wish, rules)}"


def _difference(runtime: Runtime, by: Runtime, wish: Wish, rules: Rules) -> str:
    return next(iter(_differences(runtime, by, wish, rules)), "by no rule")


def _differences(runtime: Runtime, by: Runtime, wish: Wish, rules: Rules) -> Iterator[str]:
    if rules.orders_by_priority and _rank(runtime, wish) != _rank(by, wish):
        yield "a higher priority"
    if rules.orders_by_age and lowest_protocol(runtime) != lowest_protocol(by):
        yield "a lower protocol"
    if runtime.metadata.creation_timestamp != by.metadata.creation_timestamp:
        yield "created later" if rules.orders_by_age else "by no rule"
    yield "its name" if rules.orders_by_age else "by no rule"


def _rule(scope: list[Runtime], wish: Wish, rules: Rules) -> str:
    where = "cluster" if scope[0].is_cluster else "namespace"
    if len(scope) == 1:
        return f"the only one of the {where} that fits"
    return f"first of the {where}: {_difference(scope[1], scope[0], wish, rules)}"
