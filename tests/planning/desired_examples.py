"""Examples of desired.yaml: good ones, and bad ones with the words that the error must have."""

from __future__ import annotations

from typing import Any

HEAD = "apiVersion: kmigrate.dev/v1alpha1\nkind: Desired\n"
IMAGE = "registry.example.com:5000/ml/server:v1"
DIGEST = "sha256:" + "a" * 64


def file_of(*items: str) -> str:
    """A desired.yaml with these items in flow style: the first is on line 4."""
    return f"{HEAD}images:\n" + "".join(f"  - {{{item}}}\n" for item in items)


def exempt(text: str) -> str:
    return file_of(f"format: s, image: a, exceptions: [{{{text}}}]")


def variable(text: str) -> str:
    return file_of(f"format: s, env: [{{{text}}}]")


def flag(text: str) -> str:
    return file_of(f"format: s, args: [{text}]")


GOOD = {
    "nothing wanted": HEAD + "images: []\n",
    "an image": file_of(f"format: sklearn, image: '{IMAGE}'"),
    "tag and digest": file_of(f"format: sklearn, image: '{IMAGE}@{DIGEST}'"),
    "a protocol": file_of("format: pytorch, protocol: v2, image: a"),
    "no protocol": file_of("format: pytorch, protocol: '', image: a"),
    "gpu": file_of("format: tensorflow, gpu: yes, image: a"),
    "not gpu": file_of("format: tensorflow, gpu: false, env: [{name: A, value: b}]"),
    "gpu beside none": file_of("format: t, gpu: true, image: a", "format: t, image: a"),
    "a runtime": file_of("runtime: kserve-sklearnserver.v2, image: a"),
    "a variable": variable("name: PREDICT_PROBA, value: 'True'"),
    "an empty variable": variable("name: .a-b_C9, value: ''"),
    "two variables": file_of("format: s, env: [{name: A, value: a}, {name: a, value: a}]"),
    "a flag": flag("--workers=2"),
    "flags": flag("--a, --b=, --c=d e, '--f={\"g\": 1}', --a-b=--c"),
    "namespaces": exempt("namespaces: [a, b-1]"),
    "a selector": exempt("selector: 'a=,example.com/b_C.d=E'"),
    "another image": exempt("namespaces: [a], selector: a=b, image: a/b:c"),
    "other variables and flags": exempt("selector: a=b, env: [{name: A, value: ''}], args: [--a]"),
    "a list of exceptions": file_of(
        "runtime: a, image: a, exceptions: [{namespaces: [a]}, {namespaces: [a], selector: b=c}]"
    ),
    "json": '{"apiVersion": "kmigrate.dev/v1alpha1", "kind": "Desired", "images": '
    '[{"format": "caf\\u00e9", "image": "b"}]}',
    "the longest names": exempt(f"namespaces: [{'a' * 63}], selector: {'b' * 63}={'c' * 63}"),
}

BAD: dict[str, tuple[str, tuple[str, ...]]] = {
    "null": ("---\n", ("expected fields (apiVersion, kind), found nothing",)),
    "text": ("desired", ("found text",)),
    "a list": ("- a\n", ("found a list",)),
    "no header": ("images: []", ("apiVersion: missing; expected kmigrate.dev/v1alpha1",)),
    "another version": (
        "apiVersion: v1\nkind: Desired\nimages: []",
        ("line 1: apiVersion: expected kmigrate.dev/v1alpha1, found v1",),
    ),
    "another kind": (
        "apiVersion: kmigrate.dev/v1alpha1\nkind: PlanFile\n",
        ("line 2: kind: expected Desired, found PlanFile",),
    ),
    "a version that is none": (
        "apiVersion: 1\nkind: Desired\nimages: []",
        ("apiVersion", "a number: put it in quotes"),
    ),
    "no images": (HEAD, ("line 1: images: missing",)),
    "images that are none": (HEAD + "images: {a: b}", ("line 3: images: expected a list",)),
    "an item that is text": (HEAD + "images: [a]", ("images[0]: expected fields (format,",)),
    "an item that is null": (HEAD + "images:\n- \n", ("images[0]", "found nothing")),
    "an unknown field": (
        file_of("format: s, image: a", "format: t, image: a, exeptions: []"),
        ("line 5: images[1].exeptions: unknown; did you mean exceptions?",),
    ),
    "an unknown field like no other": (
        file_of("format: s, image: a, xyz: 1"),
        ("images[0].xyz: unknown; the fields are format, runtime,",),
    ),
    "an unknown field of the file": (
        HEAD + "images: []\nimage: a\n",
        ("line 4: image: unknown; did you mean images?",),
    ),
    "an image that is a number": (
        file_of("format: s, image: 1.0"),
        ("line 4: images[0].image: expected", "a number: put it in quotes"),
    ),
    "an image that is a list": (file_of("format: s, image: [a]"), ("image", "found a list")),
    "an empty image": (file_of("format: s, image: ''"), ("image", "found an empty text")),
    "an image with a space": (file_of("format: s, image: a b"), ("image", "found other text")),
    "format and runtime": (file_of("format: s, runtime: a, image: a"), ("images[0]", "both")),
    "neither": (file_of("image: a"), ("images[0]: expected format or runtime, found neither",)),
    "nothing to change": (file_of("format: s"), ("images[0]: expected image, env or args",)),
    "only exceptions": (
        file_of("format: s, exceptions: [{namespaces: [a]}]"),
        ("nothing to change",),
    ),
    "an empty format": (file_of("format: '', image: a"), ("format", "an empty text")),
    "a format with a slash": (file_of("format: s/v1, image: a"), ("format", "name of a model")),
    "a format called runtime": (file_of("format: runtime, image: a"), ("format",)),
    "a format ending its line": (file_of('format: "s\\n", image: a'), ("format",)),
    "a runtime with a capital": (file_of("runtime: A, image: a"), ("runtime", "ClusterServing")),
    "a runtime too long": (file_of(f"runtime: {'a' * 254}, image: a"), ("runtime",)),
    "a protocol that is none": (
        file_of("format: s, protocol: v3, image: a"),
        ("images[0].protocol: expected v1 or v2, found other text",),
    ),
    "a protocol of a runtime": (
        file_of("runtime: a, protocol: v1, image: a"),
        ("images[0].protocol: goes with format alone",),
    ),
    "gpu of a runtime": (file_of("runtime: a, gpu: false, image: a"), ("gpu: goes with format",)),
    "gpu as text": (file_of("format: s, gpu: 'true', image: a"), ("gpu: expected true or false",)),
    "gpu as a number": (file_of("format: s, gpu: 1, image: a"), ("gpu: expected true or false",)),
    "gpu with variables": (
        file_of("format: s, gpu: true, image: a, env: [{name: A, value: a}]"),
        ("images[0].gpu: goes with image alone",),
    ),
    "gpu with flags": (
        file_of("format: s, gpu: true, image: a, args: [--a]"),
        ("goes with image alone",),
    ),
    "gpu without an image": (file_of("format: s, gpu: true, args: [--a]"), ("image alone",)),
    "gpu with flags of an exception": (
        file_of("format: s, gpu: true, image: a, exceptions: [{namespaces: [a], args: [--a]}]"),
        ("images[0].gpu: goes with image alone",),
    ),
    "no variables": (file_of("format: s, env: []"), ("env: expected a list with something",)),
    "a variable that is a number": (
        variable("name: A, value: 1"),
        ("images[0].env[0].value: expected text, found a number: put it in quotes",),
    ),
    "a variable that is true": (
        variable("name: A, value: yes"),
        ("value", "a boolean", "put it in quotes"),
    ),
    "a variable that is null": (variable("name: A, value: "), ("value", 'an empty text is ""')),
    "a variable without a value": (variable("name: A"), ("env[0].value: missing",)),
    "a variable from elsewhere": (
        variable("name: A, valueFrom: {}"),
        ("env[0].valueFrom: unknown; did you mean value?",),
    ),
    "a variable without a name": (variable("value: a"), ("env[0].name: missing",)),
    "a variable with an empty name": (variable("name: '', value: a"), ("env[0].name",)),
    "a variable with a digit first": (variable("name: 1a, value: a"), ("env[0].name",)),
    "a variable like a folder": (variable("name: .., value: a"), ("env[0].name",)),
    "a variable with a space": (variable("name: 'A ', value: a"), ("env[0].name",)),
    "a variable called twice": (
        file_of("format: s, env: [{name: A, value: a}, {name: A, value: a}]"),
        ("images[0].env[1]: A is in images[0].env[0] already",),
    ),
    "no flags": (file_of("format: s, args: []"), ("args: expected a list with something",)),
    "flags as text": (file_of("format: s, args: --a"), ("args: expected a list, found text",)),
    "a flag with one dash": (flag("-a"), ("args[0]: expected --FLAG or --FLAG=VALUE",)),
    "dashes alone": (flag("--"), ("args[0]",)),
    "three dashes": (flag("---a"), ("args[0]",)),
    "a flag without a name": (flag("--=a"), ("args[0]",)),
    "a flag and its value apart": (flag("--a, b"), ("args[1]",)),
    "a flag and its value by a space": (flag("--a b"), ("args[0]",)),
    "a flag that is a number": (flag("1"), ("args[0]", "put it in quotes")),
    "a flag given twice": (
        flag("--a=1, --b, --a"),
        ("images[0].args[2]: --a is in images[0].args[0] already",),
    ),
    "no exceptions": (file_of("format: s, image: a, exceptions: []"), ("exceptions",)),
    "an exception for nobody": (exempt(""), ("exceptions[0]: expected namespaces or selector",)),
    "an exception of an image alone": (exempt("image: a"), ("says for whom it is",)),
    "an exception of no namespace": (exempt("namespaces: []"), ("exceptions[0].namespaces",)),
    "a namespace that is none": (
        exempt("namespaces: [a, b.c]"),
        ("images[0].exceptions[0].namespaces[1]: expected the name of a namespace",),
    ),
    "a namespace too long": (exempt(f"namespaces: [{'a' * 64}]"), ("namespaces[0]",)),
    "a variable of an exception called twice": (
        exempt("namespaces: [a], env: [{name: A, value: a}, {name: A, value: b}]"),
        ("images[0].exceptions[0].env[1]: A is in images[0].exceptions[0].env[0] already",),
    ),
    "namespaces as text": (exempt("namespaces: a"), ("expected a list, found text",)),
    "a selector that is none": (exempt("selector: a in (b)"), ("selector: expected labels",)),
    "a selector of absence": (exempt("selector: a!=b"), ("selector",)),
    "a selector with spaces": (exempt("selector: 'a=b, c=d'"), ("without spaces",)),
    "a selector without values": (exempt("selector: a"), ("selector",)),
    "a selector too long": (exempt(f"selector: a={'b' * 64}"), ("selector",)),
    "an empty selector": (exempt("selector: ''"), ("selector", "an empty text")),
    "a selector that fits nobody": (
        exempt("selector: 'a=b,a=c'"),
        ("images[0].exceptions[0].selector: names a label twice",),
    ),
    "an exception that is no image": (
        exempt("namespaces: [a], image: A/b:c"),
        ("images[0].exceptions[0].image: not an image", "capital letter"),
    ),
    "an image with a capital": (
        file_of("format: s, image: A/b:c"),
        ("images[0].image: not an image", "capital letter"),
    ),
    "an image with half a digest": (
        file_of("format: s, image: 'a:b@sha256:12'"),
        ("images[0].image: not an image", "is not a digest"),
    ),
    "the same format twice": (
        file_of("format: s, image: a", "format: t, image: a", "format: s, image: a"),
        ("line 6: images[2]: s is in images[0] already",),
    ),
    "the same runtime twice": (
        file_of("runtime: a, image: a", "runtime: a, args: [--a]"),
        ("images[1]: runtime/a is in images[0] already",),
    ),
}

BEYOND_SCHEMA = {
    # A schema compares no item with another, and does not look inside a text that it cannot
    # describe by one pattern.
    "a variable called twice",
    "a variable of an exception called twice",
    "a flag given twice",
    "the same format twice",
    "the same runtime twice",
    "a selector that fits nobody",
    "an exception that is no image",
    "an image with a capital",
    "an image with half a digest",
}


def combinations() -> list[dict[str, Any]]:
    """Every choice of fields of one item, each field absent or with a fitting value."""
    values: dict[str, list[Any]] = {
        "format": ["s"],
        "runtime": ["a"],
        "protocol": ["v1"],
        "gpu": [True, False],
        "image": ["a"],
        "env": [[{"name": "A", "value": ""}]],
        "args": [["--a"]],
        "exceptions": [
            [{"namespaces": ["a"]}],
            [{"image": "a"}],
            [{"namespaces": ["a"], "args": ["--a"]}],
        ],
    }
    found: list[dict[str, Any]] = [{}]
    for name, choices in values.items():
        found += [{**item, name: choice} for item in found for choice in choices]
    return found
