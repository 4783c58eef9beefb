"""The README.md of a rendered folder: what is in it, whose it is, how to use it, the way back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from migrate.kserve import terms
from migrate.kserve.releases import parse_release
from migrate.kserve.rules import Wakes
from migrate.kserve.table import rules_for
from migrate.objects import ObjectRef, count, printable
from migrate.operations.model import Convert, Create, Restart, Wake
from migrate.planning.change.chartvalues import Values
from migrate.planning.change.rendering import Item, Rendering
from migrate.planning.model.codes import OWNED
from migrate.planning.model.plan import Plan
from migrate.planning.model.strategy import Scope, Strategy
from migrate.report.fielddiff import operation_lines
from migrate.report.lines import names
from migrate.report.renderedforms import form_lines
from migrate.report.text import changing

SHOWN = 20
"""How many objects are told with their edits."""


def readme(plan: Plan, rendering: Rendering) -> str:
    """Return the text, as Markdown."""
    parts = (
        _head(plan),
        changes(plan),
        _owners(plan),
        _manifests(rendering),
        _patches(rendering),
        form_lines(rendering.items),
        _helm(rendering.values),
        _then(plan),
        _back(plan, rendering),
    )
    return "\n".join(line for part in parts for line in part)


def warnings(rendering: Rendering) -> list[str]:
    """Return what must not be missed: credentials, and what Helm values leave out."""
    secrets = [
        f"{item.target}: {', '.join(item.secrets)}" for item in rendering.items if item.secrets
    ]
    told = [f"looks like a credential, and is in the files: {line}" for line in secrets]
    values, former = rendering.values, rendering.former
    told += [f"not in helm/values.yaml: {line}" for line in _left(values)]
    missing = [line for line in _left(former) if line not in _left(values)]
    return told + [f"not in rollback/helm/values.yaml: {line}" for line in missing]


def _left(values: Values) -> list[str]:
    return [f"{_objects(left.objects)} {left.reason}" for left in values.left]


def _objects(refs: Sequence[object]) -> str:
    more = f" and {len(refs) - SHOWN} more" if len(refs) > SHOWN else ""
    return ", ".join(map(str, refs[:SHOWN])) + more


def _head(plan: Plan) -> Iterator[str]:
    moving = count(changing(plan.forecast), "InferenceService")
    yield "# KServe's images, to be changed in Git"
    yield ""
    yield f"By `kmigrate plan`, for KServe {plan.release} in namespace {plan.kserve_namespace}."
    made = sum(isinstance(operation.change, Create) for operation in plan.operations)
    new = f"It makes {count(made, 'ServingRuntime')}, and edits" if made else "It edits"
    edited = count(len(plan.operations) - made, "object")
    yield f"{new} {edited}; {moving} with new pods by it."
    if plan.held_for:
        yield f"All of it comes before the upgrade to KServe {plan.held_for}."
    yield ""


def changes(plan: Plan) -> Iterator[str]:
    """Yield what the plan writes, down to the field."""
    yield from ("## What changes", "", "```")
    for operation in plan.operations[:SHOWN]:
        yield from operation_lines(operation)
    if len(plan.operations) > SHOWN:
        yield f"and {len(plan.operations) - SHOWN} more"
    yield from ("```", "")


def _owners(plan: Plan) -> Iterator[str]:
    yield from ("## Who owns these objects", "")
    found = [finding for finding in plan.findings if finding.code == OWNED]
    for finding in found:
        yield f"- {names(finding.objects)}: {finding.text}. To do: {finding.fix}."
    if not found:
        yield "Nobody takes edits of them back, as far as the objects themselves tell."
    yield ""


def _manifests(rendering: Rendering) -> Iterator[str]:
    yield from ("## manifests/", "")
    if rendering.stages:
        yield "One folder after the other: what stands in one needs what stands in those before."
        yield ""
    yield from applying(rendering)
    yield "A runtime is whole, because its containers are applied as one. Of others"
    yield "there are the edited fields alone, and a server-side apply leaves the rest: where your"
    yield "Git holds such an object whole, use the patches."
    yield from ("", *_force(rendering.items), "")


def applying(rendering: Rendering) -> Iterator[str]:
    """Yield the commands that apply the manifests, folder by folder."""
    folders = [f"manifests/{stage}".rstrip("/") for stage in rendering.stages or ("",)]
    apply = "kubectl apply --server-side -R -f"
    yield from command(*(f"{apply} {folder}" for folder in folders[:SHOWN]))
    if len(folders) > SHOWN:
        yield from (f"And so on, to {folders[-1]}.", "")


def _force(items: Sequence[Item]) -> Iterator[str]:
    taken = [(item, item.others) for item in items if item.others]
    for item, others in taken[:SHOWN]:
        by = ", ".join(dict.fromkeys(f"{one.manager} ({one.operation})" for one in others))
        yield f"- {item.target}: add `--force-conflicts`, for {printable(by)} wrote"
        yield f"  {', '.join(item.paths)}."
    unknown = [item.target for item in items if item.others is None]
    if unknown:
        yield f"- {_objects(unknown)}: who wrote the fields is not known here."
        yield "  Where kubectl tells of a conflict, add `--force-conflicts`."
    if not taken and not unknown:
        yield "No `--force-conflicts` is needed: nobody but kubectl wrote these fields."


def _patches(rendering: Rendering) -> Iterator[str]:
    yield from ("## patches/", "")
    if not any(name.endswith("/kustomization.yaml") for name in rendering.files):
        yield from ("There are none: nothing that is there is edited.", "")
        return
    yield "Components for kustomize, which name the edited fields alone. In the kustomization.yaml"
    yield "beside your manifests:"
    yield from ("", "```yaml", "components:")
    files = [name for name in rendering.files if name.endswith("/kustomization.yaml")]
    folders = [name.removesuffix("/kustomization.yaml") for name in files]
    yield from (f"- {name}" for name in folders if not name.startswith("rollback/"))
    yield from ("```", "")
    yield "`kubectl kustomize` fails where an object is missing there, or its containers stand in"
    yield "another order."
    if any(item.is_new for item in rendering.items):
        yield "The ServingRuntimes are in none of them, and are to be there before."
    yield ""


def _helm(values: Values) -> Iterator[str]:
    yield from ("## helm/", "")
    if values.values:
        yield f"`helm/values.yaml` is for chart {values.chart}. Give it behind the values that you"
        yield "install the chart with: alone it would put everything else back to the defaults."
    else:
        yield "There is none: no chart of KServe has values for this change."
    yield from (f"- not in it: {line}" for line in _left(values))
    yield ""


def _then(plan: Plan) -> Iterator[str]:
    yield from ("## What to do then", "")
    if plan.options.scope is Scope.SERVICE:
        yield "The write of a service that is edited has it reconciled at once, and nobody else. It"
        yield "is ready when its Ready condition says so again."
        yield ""
        return
    rules = rules_for(parse_release(plan.release))
    restarts = [step.target for step in plan.activations if isinstance(step, Restart)]
    if any(op.target.kind == terms.INFERENCE_SERVICE for op in plan.operations):
        yield "The services that are edited themselves are reconciled at once. As for the others:"
        yield ""
    if restarts:
        yield "Nothing moves before KServe reconciles. Have the controller reconcile everybody:"
        yield ""
        of = [f"{ref.kind.lower()}/{ref.name} -n {ref.namespace}" for ref in restarts]
        verbs = ("restart", "status")
        yield from command(*(f"kubectl rollout {verb} {name}" for name in of for verb in verbs))
    elif converted := [step.target for step in plan.activations if isinstance(step, Convert)]:
        yield "When the ServingRuntimes are there, write these services as they are: KServe's"
        yield "webhook converts them to the model form, and no write takes that back."
        yield ""
        yield from command(*map(converting, converted))
    elif plan.makes_runtimes:
        yield "A ServingRuntime that comes or goes wakes nobody: services move to it at their next"
        yield "reconcile. Restart KServe's controller to have that at once, for everybody."
    elif rules and rules.edit_wakes is not Wakes.NOBODY:
        yield f"KServe {rules.name} reconciles {rules.edit_wakes.value} when a runtime is edited."
    else:
        yield "Nothing moves before KServe reconciles; each service does at a time of its own."
    is_global = plan.options.strategy is Strategy.IN_PLACE
    if is_global and (any(isinstance(step, Wake) for step in plan.activations) or restarts):
        yield "Or `kmigrate apply` with the flags of this plan: it writes nothing that is there"
        yield "already, has KServe act, waits for the services, and proves their images."
    yield ""


def _back(plan: Plan, rendering: Rendering) -> Iterator[str]:
    yield from ("## How to go back", "")
    of_services = plan.options.scope is Scope.SERVICE
    is_new = any(item.is_new for item in rendering.items)
    if any(isinstance(step, Convert) for step in plan.activations):
        yield "Leave the ServingRuntimes there: converted services get their images from them."
        yield ""
    elif is_new and not of_services:
        yield "Take the ServingRuntimes away again, while the ClusterServingRuntimes of their names"
        yield "are as they were."
        yield ""
    if any(not item.is_new for item in rendering.items):
        yield from _former(rendering)
    if is_new and of_services:
        yield "Only then take the ServingRuntimes away that no service names any more: one whose"
        yield "runtime is missing is not reconciled."
        yield ""


def _former(rendering: Rendering) -> Iterator[str]:
    """Yield what is edited, for which there are files."""
    yield "`rollback/` has the same forms of what is edited, with what the fields hold now: use it"
    yield "in place of these, then do what is to be done above. A field that is not there now is"
    yield "null in a patch, and left out of a manifest: there an apply takes it away if it set it."
    if rendering.values.values and not rendering.former.values:
        yield "There are no Helm values for the way back: take these away again."
    yield ""


def converting(service: ObjectRef) -> str:
    """Return the command that writes a service as it is, and so has the webhook convert it."""
    patch = "kubectl patch inferenceservice --type=merge --patch={}"
    return f"{patch} {service.name} -n {service.namespace}"


def command(*lines: str) -> Iterable[str]:
    """Return a block of commands to type."""
    return ("```console", *(f"$ {line}" for line in lines), "```", "")
