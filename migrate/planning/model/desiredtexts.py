"""The texts that `--set` and desired.yaml take: names, images, flags, each with its pattern."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

RUNTIME = "runtime"
"""How `--set` begins where it names a runtime; so no model format is called this."""

# In Python $ also matches before a line end that is the last character; in a JSON Schema not.
_END = r"$(?!\n)"
_LABEL = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_QUALIFIED = "[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(?:\.{_LABEL})*"
_PAIR = rf"(?:{_SUBDOMAIN}/)?{_QUALIFIED}=(?:{_QUALIFIED})?"
RUNTIME_NAME = rf"^{_SUBDOMAIN}{_END}"
LONGEST_NAME = 253


def _meta(expected: str, pattern: str, longest: int | None = None) -> Meta:
    extra = {"expected": expected}
    return Meta(pattern=pattern, max_length=longest, description=expected, extra=extra)


Format = Annotated[str, _meta("the name of a model format", rf"^(?!{RUNTIME}$)[^\s/=]+{_END}")]
RuntimeName = Annotated[
    str, _meta("the name of a ClusterServingRuntime", RUNTIME_NAME, LONGEST_NAME)
]
Protocol = Annotated[
    str,
    _meta("v1 or v2", f"^(?:v1|v2)?{_END}"),
    Meta(extra_json_schema={"enum": ["", "v1", "v2"]}),
]
Image = Annotated[str, _meta(r"[REGISTRY[:PORT]/]REPOSITORY[:TAG][@DIGEST]", rf"^\S+{_END}")]
EnvName = Annotated[
    str,
    _meta(
        "the name of a variable (letters, digits, _, - and ., with no digit first)",
        rf"^(?!\.\.|\.$)[-._a-zA-Z][-._a-zA-Z0-9]*{_END}",
    ),
]
Flag = Annotated[
    str, _meta("--FLAG or --FLAG=VALUE in one text", rf"^--[^-=\s][^=\s]*(?:=|{_END})")
]
NamespaceName = Annotated[str, _meta("the name of a namespace", rf"^{_LABEL}{_END}", 63)]
Selector = Annotated[
    str, _meta("labels as KEY=VALUE,KEY=VALUE without spaces", rf"^{_PAIR}(?:,{_PAIR})*{_END}")
]
