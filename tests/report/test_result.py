"""What a run reached, as a person reads it."""

from __future__ import annotations

from migrate.objects import ObjectRef
from migrate.planning.change.proof import Result
from migrate.report.lines import PIPE, Screen
from migrate.report.result import result_lines

TERMINAL = Screen(is_brief=True, rest="a pipe shows all")


def runtime(namespace: str) -> ObjectRef:
    return ObjectRef("serving.kserve.io/v1alpha1", "ServingRuntime", "a", namespace)


GOOD = [Result(runtime(f"team-{n:03}"), True, "as planned") for n in range(150)]
SAME = [Result(runtime("x"), True, "same", changed=False)] * 7
BAD = [Result(runtime(f"team{n}" * 7), False, "is not there: " * 5) for n in range(30)]


def test_what_was_reached_is_cut_on_a_terminal_and_what_was_not_is_whole() -> None:
    lines = list(result_lines([*BAD, *GOOD, *SAME], TERMINAL))
    assert lines[0] == "ok  7 other InferenceServices: same image as before, when last looked at"
    assert lines[1:11] == [f"ok  ServingRuntime team-{n:03}/a: as planned" for n in range(10)]
    assert lines[11] == "  ... and 140 more, all ok: a pipe shows all"
    assert sum(line.startswith("NOT OK") for line in lines[12:]) == 30
    assert max(map(len, lines)) <= 80


def test_a_pipe_has_a_line_for_each() -> None:
    assert len(list(result_lines([*BAD, *GOOD, *SAME], PIPE))) == 181
