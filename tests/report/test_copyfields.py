"""Copies are told by what is not as in their source, and by nothing that is not known."""

from __future__ import annotations

import msgspec

from migrate.credentials import MASK
from migrate.operations.invert import invert
from migrate.operations.model import Create, Direction, Wave
from migrate.planning.hold.make import make_plan
from migrate.planning.model.desired import Desired, EnvVar, Options
from migrate.planning.model.plan import Plan
from migrate.planning.model.strategy import Strategy
from migrate.report.acts import act_lines
from migrate.report.copyfields import sources_of
from migrate.report.lines import PIPE
from tests.planning.copies import OVER, SKLEARN, cluster, isvc, plan
from tests.planning.pinned import pinning_plan, settled

NEW = "registry.example.com/ml/sklearnserver:next"
WHERE = f"as in ClusterServingRuntime {SKLEARN}"
AT = "/spec/containers/name=kserve-container"


def told(made: Plan, *, is_whole: bool = False) -> list[str]:
    sources = None if is_whole else sources_of(made)
    return [*act_lines(made.waves(Direction.APPLY), PIPE, sources=sources)]


def fields_of(made: Plan) -> list[str]:
    """The lines below the object, without those of the wakes."""
    return [line.strip() for line in told(made)[1:] if line.startswith("      ")]


def wanted(*items: Desired) -> Plan:
    found = cluster("0.15.2", isvc("iris"))
    return make_plan(found, Options(items, strategy=Strategy.TO_RUNTIMES))


def test_a_copy_as_it_is_is_told_by_its_image() -> None:
    made = plan(cluster("0.15.2", isvc("iris")))
    number = sum(line.startswith("      + /spec") for line in told(made, is_whole=True))
    assert " ".join(fields_of(made)) == f'all {number} fields {WHERE}, image "{OVER}"'
    assert number > 15


def test_another_image_is_told_with_the_one_of_the_source() -> None:
    made = plan(cluster("0.15.2", isvc("iris")), f"runtime/{SKLEARN}={NEW}")
    *image, rest = fields_of(made)
    assert image == [f"{AT}/image", f'- "{OVER}"', f'+ "{NEW}"']
    assert rest.endswith(f" more fields {WHERE}")


def test_variables_and_flags_that_come_are_told_and_credentials_hidden() -> None:
    env = (EnvVar("PREDICT_PROBA", "True"), EnvVar("API_TOKEN", "s3cret"))
    shown = fields_of(wanted(Desired(runtime=SKLEARN, env=env, args=("--workers=2",))))
    text = "\n".join(shown)
    assert f'{AT}/env/name=PREDICT_PROBA/value\n- (none)\n+ "True"' in text
    assert f'{AT}/env/name=API_TOKEN/value\n- (none)\n+ "{MASK}"' in text
    assert '+ "--workers=2"' in text
    assert "s3cret" not in text
    assert "--model_dir" not in text


def test_a_flag_that_becomes_another_is_told_without_the_former_one() -> None:
    """The plan keeps a digest of it alone: it may be a credential."""
    shown = fields_of(wanted(Desired(runtime=SKLEARN, args=("--http_port=9090",))))
    at = shown.index('+ "--http_port=9090"')
    assert shown[at - 1].startswith(f"{AT}/args/")
    assert "8080" not in "".join(shown)


def test_a_copy_under_a_name_of_its_own_is_compared_with_its_source() -> None:
    found = settled("0.15.2", isvc("a", protocolVersion="v1"))
    text = "\n".join(told(pinning_plan(found, f"sklearn={NEW}")))
    assert f'- "{OVER}"\n' in text
    assert WHERE in " ".join(text.split())


def test_of_a_source_that_is_not_sealed_every_field_is_told() -> None:
    made = plan(cluster("0.15.2", isvc("iris")))
    unknown = msgspec.structs.replace(made, seals=())
    assert told(unknown) == told(made, is_whole=True)


def test_a_copy_that_goes_is_told_by_its_image() -> None:
    made = plan(cluster("0.15.2", isvc("iris")))
    (operation,) = made.operations
    gone = (invert(operation),)
    short = [line.strip() for line in act_lines([Wave(gone)], PIPE, sources={})]
    whole = [line.strip() for line in act_lines([Wave(gone)], PIPE)]
    assert short[:3] == [*whole[:1], f"- {AT}/image:", f'-   "{OVER}"']
    number = sum(line.startswith("- /spec") for line in whole)
    assert short[3:] == [f"- {number - 1} more fields"]


def test_what_others_made_is_told_whole() -> None:
    made = plan(cluster("0.15.2", isvc("iris")))
    (operation,) = made.operations
    assert isinstance(operation.change, Create)
    manifest = operation.change.manifest
    theirs = {**manifest, "metadata": {**manifest["metadata"], "labels": {}}}
    changed = msgspec.structs.replace(operation, change=Create(theirs))
    lines = list(act_lines([Wave((changed,))], PIPE, sources=sources_of(made)))
    assert lines == list(act_lines([Wave((changed,))], PIPE))
