"""The README.md of runtimes that are written for after an upgrade: what to do, in which order."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.kserve import terms
from migrate.kserve.releases import parse_release
from migrate.kserve.table import rules_for
from migrate.objects import ObjectRef, count
from migrate.planning.change.rendering import Rendering
from migrate.planning.model.plan import Plan
from migrate.report.lines import names
from migrate.report.markdown import code, escaped, table
from migrate.report.rendered import SHOWN, applying, changes, command, converting
from migrate.report.text import groups_of
from migrate.report.upgrade import MOMENTS, images_of


def upgrade_readme(plan: Plan, rendering: Rendering) -> str:
    """Return the text, as Markdown."""
    parts = (_head(plan), changes(plan), _images(plan), _steps(plan, rendering), _back())
    return "\n".join(line for part in parts for line in part)


def _head(plan: Plan) -> Iterator[str]:
    yield f"# ServingRuntimes for an upgrade of KServe to {plan.target}"
    yield ""
    yield f"By `kmigrate plan`, for KServe {plan.release} in namespace {plan.kserve_namespace}."
    yield f"That release has no ServingRuntimes: the {len(plan.operations)} here can be made once"
    yield f"{plan.target} is installed."
    yield ""


def _images(plan: Plan) -> Iterator[str]:
    """Yield the images of who is selected, those with the same lot together."""
    yield from ("## Which images services have", "")
    groups = groups_of(row for row in plan.forecast if not row.outside)
    rows = [
        (escaped(names(r.service for r in rows)), *(code(i or "") for i in images_of(rows[0])))
        for rows in groups[:SHOWN]
    ]
    yield from table(("InferenceServices", *MOMENTS), rows)
    if len(groups) > SHOWN:
        yield from ("", f"And {count(len(groups) - SHOWN, 'group')} more: `kmigrate plan` has all.")
    yield ""


def _steps(plan: Plan, rendering: Rendering) -> Iterator[str]:
    target, place = plan.target, plan.kserve_namespace
    rules = rules_for(parse_release(target))
    is_read = rules is not None and rules.predictors_read
    yield from ("## What to do, in this order", "", "**1. Keep what is set now.**", "")
    get = f"kubectl get configmap {terms.CONFIG_MAP} -n {place}"
    yield from command(f"{get} -o jsonpath='{{.data.predictors}}' > predictors.json")
    yield f"**2. Upgrade KServe to {target}.** Its manifests put the images in `predictors` back,"
    yield "and services that were made before follow them: see the column after the upgrade."
    if is_read:
        yield f"KServe {target} reads `predictors` as well. With the text of step 1 in the"
        yield "ConfigMap of the manifests that you apply, services keep their images meanwhile,"
        yield "where the plan says that it helps (KM281)."
    yield ""
    yield "**3. Make the ServingRuntimes**, before anybody writes a service: a write converts it,"
    yield "and without them it would get the image in the last column."
    yield ""
    yield from applying(rendering)
    yield from _conversion(plan)


def _conversion(plan: Plan) -> Iterator[str]:
    yield "**4. Have the services written.** KServe's webhook converts them to the model form, and"
    yield "no write takes that back. From then on the ServingRuntimes give them their images."
    yield ""
    verbs = ("plan", "apply")
    yield from command(*(f"kmigrate {verb} --to-runtimes --convert" for verb in verbs))
    yield "That waits for them, and proves their images. Or write them as they are:"
    yield ""
    services = _users(plan)
    yield from command(*map(converting, services[:SHOWN]))
    if len(services) > SHOWN:
        yield from (f"And so on, {count(len(services), 'service')} in all.", "")


def _users(plan: Plan) -> list[ObjectRef]:
    made = {operation.target for operation in plan.operations}
    rows = (row for row in plan.forecast if not row.outside)
    return [row.service for row in rows if row.runtime_after_plan in made]


def _back() -> Iterator[str]:
    yield from ("## How to go back", "")
    yield "Leave the ServingRuntimes there: converted services get their images from them. As long"
    yield "as no service was converted, they can be taken away again."
    yield ""
