"""Plans that bring former images back, as `kmigrate plan -o json` tells them."""

from __future__ import annotations

import json

from migrate.errors import Exit
from migrate.objects import Manifest
from tests.commands.verbs import Verbs

HISTORY = ("--from-history",)
HELM = (*HISTORY, "--read-helm-releases")
FROM = ("--from-checkpoint", "before")
OTHER = "registry.example.com/ml/other:1"
STOCK = "kserve/sklearnserver:v0.16.0"
SHIPPED = "kserve/sklearnserver:v0.15.2"


def planned(verbs: Verbs, *flags: str) -> Manifest:
    """The plan; from history where no flags say otherwise."""
    code, out, said = verbs("plan", *(flags or HISTORY), "-o", "json")
    assert code == Exit.OK, said
    plan: Manifest = json.loads(out)["plan"]
    return plan


def texts(plan: Manifest, code: str) -> list[str]:
    """What the findings of a code say."""
    return [one["text"] for one in plan["findings"] if one["code"] == code]


def wanted(plan: Manifest) -> dict[str, str]:
    """The images that are wanted of runtimes, by their names."""
    return {one["runtime"]: one.get("image", "") for one in plan["options"]["images"]}


def codes(plan: Manifest) -> dict[str, str]:
    """The last text of each code that is found."""
    return {one["code"]: one["text"] for one in plan["findings"]}
