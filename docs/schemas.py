"""The JSON Schemas that are shipped: of the files that kmigrate reads, and of what it writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from migrate.planning.model import desiredfile
from migrate.planning.model.planfile import PlanFile
from migrate.report import planlines
from migrate.report.checkpoints import CheckpointResult
from migrate.report.eventlines import EventLine
from migrate.report.result import RunResult
from migrate.report.runstatus import StatusDocument
from migrate.report.way import CheckDocument

FOLDER = Path(__file__).parents[1] / "migrate" / "schemas"
WRITTEN: dict[str, type[msgspec.Struct]] = {
    "check": CheckDocument,
    "plan": PlanFile,
    "result": RunResult,
    "status": StatusDocument,
    "checkpoint": CheckpointResult,
}


def schemas() -> dict[str, dict[str, Any]]:
    """Return every schema by its name: `NAME.schema.json` is its file."""
    written = {"event": schema_of(EventLine, "kmigrate event")}
    return (
        {"desired": desiredfile.schema(), "planline": planlines.schema()}
        | written
        | {name: schema_of(kind, f"kmigrate {name}") for name, kind in WRITTEN.items()}
    )


def files() -> dict[Path, str]:
    """Return the text of each shipped file."""
    return {
        FOLDER / f"{name}.schema.json": json.dumps(schema, indent=1) + "\n"
        for name, schema in schemas().items()
    }


def schema_of(kind: type[msgspec.Struct], title: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of what is encoded from the type.

    A field with a default is written all the same, but by types that leave defaults out.
    """
    made = msgspec.json.schema(kind)
    every = _structs(msgspec.Struct)
    sparing = {one.__name__ for one in every if one.__struct_config__.omit_defaults}
    for name, definition in made["$defs"].items():
        definition["description"] = " ".join(definition["description"].replace("``", "`").split())
        fields = definition.get("properties", {})
        always = {key for key, field in fields.items() if "default" in field}
        for key in always:
            del fields[key]["default"]
        if fields and name not in sparing:
            definition["required"] = sorted({*definition.get("required", ()), *always})
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **made}


def _structs(kind: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for one in kind.__subclasses__():
        yield one
        yield from _structs(one)
