"""PodDisruptionBudgets, as far as a rollout has to do with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from migrate.kserve import terms
from migrate.kserve.labels import Requirement, is_selected
from migrate.kserve.metadata import Metadata
from migrate.objects import ObjectRef


class Expression(msgspec.Struct, frozen=True, gc=False):
    """An expression of a label selector: In, NotIn, Exists or DoesNotExist."""

    key: str
    operator: str
    values: list[str] | None = None


class LabelSelector(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Labels that must be there, and expressions that must hold, all of them."""

    match_labels: dict[str, str] | None = None
    match_expressions: list[Expression] | None = None


class BudgetSpec(msgspec.Struct, frozen=True, gc=False):
    """``spec``; without a selector no pod is meant, with an empty one every pod is."""

    selector: LabelSelector | None = None


class BudgetStatus(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """``status``: how many pods may be evicted now."""

    disruptions_allowed: int = 0


class Budget(msgspec.Struct, frozen=True, gc=False):
    """A PodDisruptionBudget (``policy/v1``)."""

    API_VERSION: ClassVar[str] = terms.POLICY_VERSION
    KIND: ClassVar[str] = terms.DISRUPTION_BUDGET

    metadata: Metadata
    spec: BudgetSpec = BudgetSpec()
    status: BudgetStatus = BudgetStatus()

    @property
    def ref(self) -> ObjectRef:
        """The reference of the object."""
        return ObjectRef(self.API_VERSION, self.KIND, self.metadata.name, self.metadata.namespace)


def selects(budget: Budget, labels: Mapping[str, str]) -> bool:
    """Tell whether the budget is for pods with these labels.

    ``LabelSelectorAsSelector`` in ``pkg/apis/meta/v1/helpers.go`` of k8s.io/apimachinery.
    """
    selector = budget.spec.selector
    if selector is None:
        return False
    named = (Requirement(key, frozenset([v])) for key, v in (selector.match_labels or {}).items())
    told = map(_requirement, selector.match_expressions or ())
    return is_selected(labels, (*named, *told))


def _requirement(one: Expression) -> Requirement:
    values = None if one.operator in ("Exists", "DoesNotExist") else frozenset(one.values or ())
    return Requirement(one.key, values, negated=one.operator not in ("Exists", "In"))
