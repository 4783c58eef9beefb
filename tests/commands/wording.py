"""The words of `status` for the services of a run."""

from __future__ import annotations

import json
from collections.abc import Callable

from migrate.errors import Exit
from migrate.objects import Manifest
from tests.commands.verbs import Verbs

CAME = ("applied", "Succeeded", "Succeeded")
ASLEEP = ("applied", "Succeeded", "Pending")
Make = Callable[..., Verbs]


def shown(verbs: Verbs) -> Manifest:
    code, out, said = verbs("status", "-o", "json")
    assert code == Exit.OK, said
    found: Manifest = json.loads(out)["run"]
    return found


def words(verbs: Verbs) -> dict[str, tuple[str, str, str]]:
    """Standing, actuation and reconcile of each service, by its name."""
    return {
        row["service"].partition("/")[2]: (row["standing"], row["actuation"], row["reconcile"])
        for row in shown(verbs)["services"]
    }


def whys(verbs: Verbs) -> dict[str, str]:
    return {row["service"].partition("/")[2]: row["why"] for row in shown(verbs)["services"]}


def applied(verbs: Verbs, *flags: str) -> Verbs:
    code, _, said = verbs("apply", "--to-runtimes", *flags, "-y")
    assert code == Exit.OK, said
    return verbs
