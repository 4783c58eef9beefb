"""Markdown in which no name or text of a cluster is more than text."""

from __future__ import annotations

import re

import msgspec
import pytest

from migrate.objects import ObjectRef
from migrate.operations.model import Edit, Operation, Patch
from migrate.planning.model.desired import Options
from migrate.planning.model.findings import finding
from migrate.planning.model.plan import Finding, Forecast, ImageRow, Outlook, Plan, Severity, Stage
from migrate.report.markdown import code, escaped, plan_markdown

NASTY = [
    "a|b",
    "`a|b`",
    "``",
    "a\nb\r\nc",
    "<script>x</script>",
    "a\\|b",
    "*a* _b_ ~~c~~",
    "[x](http://y)",
    "![x](http://y)",
    "@everyone",
    "#1 owner/repo#1",
    "&lt;",
    "```\n# title",
]


def plan(text: str, services: int = 1) -> Plan:
    ref = ObjectRef("v1", "ConfigMap", text, "team")
    rows = tuple(
        Forecast(
            ObjectRef("v1", "InferenceService", f"{text}{i}", "team"),
            "model",
            Outlook.CHANGES,
            f"{text}{i}",
            now=text,
            after_plan=text,
            restarts=True,
        )
        for i in range(services)
    )
    return Plan(
        cluster_uid="",
        kserve_namespace="kserve",
        release="0.15.2",
        options=Options(),
        operations=(Operation(ref, Patch((Edit("/data/x", "old", text),)), text),),
        apply=(Stage((0,)),),
        rollback=(Stage((0,)),),
        images=(ImageRow(text, text, text, is_stock=False, wanted=text),),
        findings=(finding("KM202", text, text, [ref]),),
        forecast=rows,
    )


def cells(row: str) -> int:
    """The cells of a row, as GitHub's tables count them: by the bars without a backslash."""
    return len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) - 1


@pytest.mark.parametrize("text", NASTY)
def test_each_table_keeps_its_columns_and_each_fence_its_text(text: str) -> None:
    lines = "\n".join(plan_markdown(plan(text))).splitlines()
    opening = next(i for i, line in enumerate(lines) if line.endswith("diff"))
    fence = lines[opening].removesuffix("diff")
    closing = lines.index(fence, opening)
    assert closing > opening
    assert all(line.strip("`") or len(line) < len(fence) for line in lines[opening + 1 : closing])
    outside = lines[:opening] + lines[closing + 1 :]
    width = 0
    for line in outside:
        width = (width or cells(line)) if line.startswith("|") else 0
        assert cells(line) == width if width else line.startswith(("**", "###")) or not line
    assert sum(line.startswith("|---") for line in outside) == 3


@pytest.mark.parametrize("text", NASTY)
def test_text_is_only_text(text: str) -> None:
    shown = escaped(text)
    assert "<script" not in shown
    assert not re.search(r"[@#]\w", shown)
    assert not re.search(r"(?<!\\)(?:\\\\)*[|`*_\[\]~]", shown)


@pytest.mark.parametrize("text", NASTY)
def test_code_ends_where_the_text_ends(text: str) -> None:
    shown = code(text)
    if "\\|" in text:
        assert shown == escaped(text)
        return
    fence = re.match("`+", shown)
    assert fence
    inner = shown.removeprefix(fence[0]).removesuffix(fence[0])
    assert fence[0] not in re.findall("`+", inner)
    assert inner.strip().replace("\\|", "|") == " ".join(text.split())


def test_it_fits_a_comment_whatever_the_number_of_services() -> None:
    text = "\n".join(plan_markdown(plan("x", services=20_000)))
    assert len(text) < 65_536
    assert "more groups" in text
    assert "20,000 of 20,000 InferenceServices restart" in text


def test_the_summary_comes_first_and_what_blocks_next() -> None:
    blocked = msgspec.structs.replace(plan("x"), findings=(Finding("KM201", Severity.ERROR, "no"),))
    first, _, second, *_ = plan_markdown(blocked)
    assert first.startswith("**Plan: 1 write")
    assert second.startswith("**Blocked** by KM201")
