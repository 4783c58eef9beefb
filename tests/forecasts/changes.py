"""What is asked of kmigrate: generated changes, as the flags of `plan`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from migrate.planning.model.plan import Plan
from tests.differential.dice import Dice
from tests.forecasts.generator import REGISTRY

TO_RUNTIMES = "--to-runtimes"
ACCEPTED = ("KM111", "KM201", "KM206", "KM230")
_FORMATS = ("sklearn", "xgboost", "pytorch", "tensorflow", "onnx", "pmml")
_BEYOND = ("env", "args", "exceptions")
_HOW = {"": 40, "--activate=each": 35, "--activate=restart": 25}


@dataclass(frozen=True)
class Change:
    """The items wanted, as desired.yaml has them, and the other flags."""

    items: tuple[dict[str, object], ...]
    flags: tuple[str, ...]
    in_file: bool

    def arguments(self, folder: Path) -> tuple[str, ...]:
        """Return the arguments of `plan`; writes the file that they name, if there is one."""
        accept = tuple(part for code in ACCEPTED for part in ("--accept", code))
        return (*self._wanted(folder), *self.flags, *accept)

    def _wanted(self, folder: Path) -> tuple[str, ...]:
        if not self.in_file:
            return tuple(part for item in self.items for part in ("--set", _set(item)))
        file = folder / "desired.yaml"
        header = {"apiVersion": "kmigrate.dev/v1alpha1", "kind": "Desired"}
        file.write_text(yaml.safe_dump({**header, "images": list(self.items)}))
        return ("-f", str(file))

    def __str__(self) -> str:
        wanted = ", ".join(f"{_name(i)}={i.get('image', '')}{_beyond(i)}" for i in self.items)
        return " ".join((wanted or "as it is", *self.flags))


@dataclass(frozen=True)
class _Known:
    """What there is to be changed, as `--set` spells it.

    ``used`` has a runtime as often as it has users, so that a change mostly moves somebody;
    ``former`` has what somebody still runs of before an edit that nobody followed.
    """

    used: list[str]
    formats: list[str]
    entries: list[str]
    former: dict[str, list[str]]


def changes(dice: Dice, plan: Plan, *, repin: bool, beyond_images: bool) -> Iterator[Change]:
    """Yield changes of what a plan without any says is used; not all of them make sense.

    ``beyond_images`` adds variables and arguments, which need a desired.yaml.
    """
    known = _known(plan)
    while True:
        count = dice.weighed({1: 35, 2: 40, 3: 25})
        names = dict.fromkeys(_asked(dice, known) for _ in range(count))
        items = tuple(_item(dice, name, known, beyond_images=beyond_images) for name in names)
        how: str = dice.weighed(_HOW)
        flags = [how] if how else []
        if repin and dice.chance(40):
            flags.append("--repin")
        yield Change(items, tuple(flags), in_file=beyond_images or dice.chance(25))


def moves(dice: Dice, plan: Plan) -> Iterator[Change]:
    """Yield moves into namespaces of what is set globally: as it is, or as something else."""
    known = _known(plan)
    while True:
        count = dice.weighed({0: 50, 1: 30, 2: 20}) if known.used else 0
        names = dict.fromkeys(dice.pick(known.used) for _ in range(count))
        items = tuple(_item(dice, name, known, beyond_images=False) for name in names)
        items = tuple(_excepted(dice, item, plan) for item in items)
        how: str = dice.weighed(_HOW)
        has_exceptions = any("exceptions" in item for item in items)
        yield Change(items, (TO_RUNTIMES, *([how] if how else ())), in_file=has_exceptions)


def _excepted(dice: Dice, item: dict[str, object], plan: Plan) -> dict[str, object]:
    """Except a namespace from what is wanted now and then: it stays, or gets another image."""
    places = sorted({row.service.namespace for row in plan.forecast if row.runtime})
    if not places or not dice.chance(40):
        return item
    exception: dict[str, object] = {"namespaces": [dice.pick(places)]}
    if dice.chance(50):
        exception["image"] = f"{REGISTRY}/excepted:v{dice.between(1, 9)}"
    return {**item, "exceptions": [exception]}


def _known(plan: Plan) -> _Known:
    entries = [row.entry for row in plan.images]
    formats = [e.removesuffix("/gpu") for e in entries if not e.startswith("runtime/")]
    by_runtime = [(r.name, row) for row in plan.forecast if (r := row.runtime) and not r.namespace]
    used = [f"runtime/{name}" for name, _ in by_runtime]
    former: dict[str, list[str]] = {}
    for name, row in by_runtime:
        if row.now and row.now != row.after_reconcile:
            former.setdefault(f"runtime/{name}", []).append(row.now)
    return _Known(used, formats, entries, former)


def _asked(dice: Dice, known: _Known) -> str:
    """A runtime in use mostly, or anything that is set."""
    kinds = {"used": 60 if known.used else 0, "format": 45 if known.formats else 8, "any": 12}
    match dice.weighed(kinds):
        case "used":
            return dice.pick(known.used)
        case "format":
            return dice.pick(known.formats or _FORMATS)
        case _:
            return dice.pick(known.entries)


def _item(dice: Dice, name: str, known: _Known, *, beyond_images: bool) -> dict[str, object]:
    first, *others = name.split("/")
    item: dict[str, object] = {"runtime": others[0]} if first == "runtime" else {"format": first}
    if first != "runtime":
        item |= (
            {"gpu": True} if others == ["gpu"] else dict(zip(["protocol"], others, strict=False))
        )
    image = f"{REGISTRY}/{others[0] if first == 'runtime' else first}:v{dice.between(1, 9)}"
    former = known.former.get(name)
    item["image"] = dice.pick(former) if former and dice.chance(30) else image
    if beyond_images and dice.chance(60):
        item["env"] = [{"name": "PREDICT_PROBA", "value": dice.pick(("True", "False"))}]
    if beyond_images and dice.chance(40):
        item["args"] = [f"--workers={dice.between(1, 4)}"]
    return item


def _set(item: dict[str, object]) -> str:
    return f"{_name(item)}={item['image']}"


def _name(item: dict[str, object]) -> str:
    if "runtime" in item:
        return f"runtime/{item['runtime']}"
    gpu = "gpu" if item.get("gpu") else ""
    return "/".join(str(part) for part in (item["format"], item.get("protocol"), gpu) if part)


def _beyond(item: dict[str, object]) -> str:
    return "".join(f" {key} {item[key]}" for key in _BEYOND if key in item)
