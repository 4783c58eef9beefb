"""Record what Go's decoder says to many texts: python -m tests.kserve.godecoder.record.

Needs Go. The texts are some thought of by hand and many thrown with dice of a fixed seed;
the verdicts go to ``tests/kserve/cases/go_decoder.json``, one a line.
"""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CASES = HERE.parent / "cases" / "go_decoder.json"
SEED = 20260811
THROWN = 250

TIMEOUTS = [
    "60", '""', '"60"', '"-5"', '"060"', '"+5"', '" 5"', '"5 "', '"6_0"', '"6e1"', '"60.0"',
    '"null"', '"true"', '"-"', '"x"', '"\\"60\\""', "null", "true", "[]", "{}", '"0x10"', '"-0"',
    '"9223372036854775807"', '"9223372036854775808"', '"-9223372036854775808"', '"٣"',
    '"-9223372036854775809"', '"0000000000000000000000000060"', '"99999999999999999999999999"',
]  # fmt: skip
STRINGS = ['"x"', "null", "7", "true", "[]", "{}", '""', '"\\ud800"', '"\\ud83d\\ude00"', '"ü"']
FLAGS = ["true", "false", "null", '"true"', "1", "[]"]
LISTS = ["[]", "null", '["a"]', '["a", null]', '["a", 1]', '"a"', "{}", "[[]]"]
ENTRIES = ["null", "{}", "[]", '"x"', "7", "true"]

BY_HAND = [
    *(f'{{"tensorflow": {{"defaultTimeout": {value}}}}}' for value in TIMEOUTS),
    *(f'{{"tensorflow": {{"image": {value}}}}}' for value in STRINGS),
    *(f'{{"tensorflow": {{"defaultGpuImageVersion": {value}}}}}' for value in STRINGS),
    *(f'{{"sklearn": {{"v1": {{"defaultImageVersion": {value}}}}}}}' for value in STRINGS),
    *(f'{{"tensorflow": {{"multiModelServer": {value}}}}}' for value in FLAGS),
    *(f'{{"tensorflow": {{"supportedFrameworks": {value}}}}}' for value in LISTS),
    *(f'{{"tensorflow": {value}}}' for value in ENTRIES),
    *(f'{{"sklearn": {value}}}' for value in ENTRIES),
    *(f'{{"sklearn": {{"v1": {value}, "v2": {{}}}}}}' for value in ENTRIES),
    *(f'{{"pytorch": {{"v1": {value}}}}}' for value in ENTRIES),
    *(f'{{"unheard": {value}}}' for value in ENTRIES),
    *ENTRIES,
    "", " ", "{", '{"tensorflow": {},}', '{"tensorflow": {}} {}', "\ufeff{}", "// no\n{}",
    '{"tensorflow": NaN}', '{"x": Infinity}', '{"x": [-Infinity]}', '{"x": "NaN"}', "{'x': 1}",
    '{"x": 01}', '{"x": 1.}', '{"x": .5}', '{"x": 1e999}', '{"x": "\t"}', '{"x": "\\x"}',
    '{"Tensorflow": {"IMAGE": "a/b", "DEFAULTIMAGEVERSION": "1"}}',
    '{"\N{LATIN SMALL LETTER LONG S}klearn": {"V1": {"image": "long s"}}}',
    '{"s\N{KELVIN SIGN}learn": {"v1": {}}}',
    '{"tensor\N{LATIN SMALL LIGATURE FL}ow": {"image": "ligature"}}',
    '{"tr\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}ton": {"image": "dot"}}',
    '{"tr\N{LATIN SMALL LETTER DOTLESS I}ton": {"image": "no dot"}}',
    '{"sklearn": {"image": "flat", "defaultImageVersion": "v1"}}',
    '{"pytorch": {"image": "flat", "v1": {"image": "nested"}}}',
    '{"pytorch": {"image": 5, "v1": {"image": 6}}}', '{"sklearn": {"image": 5}}',
    '{"tensorflow": {"v1": 5, "allowedImageVersions": [1]}}',
]  # fmt: skip

FORMATS = ["tensorflow", "triton", "xgboost", "sklearn", "pytorch", "onnx", "paddle", "unheard"]


def thrown(dice: random.Random) -> str:
    """A document with a few entries, of either shape, most of it as it should be."""
    names = dice.sample(FORMATS, dice.randint(1, 4))
    return "{" + ", ".join(f"{_key(name, dice)}: {_format(dice)}" for name in names) + "}"


def _key(name: str, dice: random.Random) -> str:
    return json.dumps(dice.choice([name, name, name, name.upper(), name.title()]))


def _format(dice: random.Random) -> str:
    shape = dice.random()
    if shape < 0.1:
        return dice.choice(ENTRIES)
    if shape < 0.5:
        return _entry(dice)
    keys = dice.sample(["v1", "v2", "v3"], dice.randint(1, 2))
    return "{" + ", ".join(f"{_key(key, dice)}: {_entry(dice)}" for key in keys) + "}"


def _entry(dice: random.Random) -> str:
    fields: dict[str, list[str]] = {
        "image": [*['"kserve/server"'] * 40, *STRINGS],
        "defaultImageVersion": [*['"v0.7.0"'] * 40, *STRINGS],
        "defaultGpuImageVersion": [*['"v0.7.0-gpu"'] * 40, *STRINGS],
        "defaultTimeout": [*['"60"'] * 60, *TIMEOUTS],
        "multiModelServer": [*["true"] * 40, *FLAGS],
        "supportedFrameworks": [*['["sklearn"]'] * 40, *LISTS],
        "unheard": STRINGS,
    }
    names = dice.sample(list(fields), dice.randint(0, 4))
    return "{" + ", ".join(f"{_key(n, dice)}: {dice.choice(fields[n])}" for n in names) + "}"


def verdicts(texts: list[str]) -> list[dict[str, Any]]:
    """Ask Go."""
    command = ["go", "run", "."]
    asked = json.dumps(texts)
    answer = subprocess.run(
        command, cwd=HERE, input=asked, text=True, capture_output=True, check=True
    )
    result: list[dict[str, Any]] = json.loads(answer.stdout)
    return result


def main() -> None:
    dice = random.Random(SEED)
    texts = [*BY_HAND, *(thrown(dice) for _ in range(THROWN))]
    lines = (json.dumps(verdict, ensure_ascii=False) for verdict in verdicts(texts))
    CASES.parent.mkdir(exist_ok=True)
    CASES.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
