"""`--set`, and several wishes made one."""

from __future__ import annotations

import msgspec
import pytest

from migrate.errors import UsageError
from migrate.planning.model.desired import Desired, EnvVar, Exempt, Options, labels_of, summary
from migrate.planning.model.typed import merged, parse_set

DIGEST = "sha256:" + "a" * 64


def of(format_: str, image: str, protocol: str = "", *, gpu: bool = False) -> Desired:
    return Desired(format=format_, image=image, protocol=protocol, gpu=gpu)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("sklearn=r/i:t", of("sklearn", "r/i:t")),
        (" sklearn = r/i:t ", of("sklearn", "r/i:t")),
        ("sklearn/v2=reg:5000/i:t", of("sklearn", "reg:5000/i:t", "v2")),
        ("tensorflow/gpu=i:t-gpu", of("tensorflow", "i:t-gpu", gpu=True)),
        ("pytorch/v1/gpu=i:t", of("pytorch", "i:t", "v1", gpu=True)),
        (f"onnx=reg:5000/i@{DIGEST}", of("onnx", f"reg:5000/i@{DIGEST}")),
        ("runtime/kserve-sklearnserver=i:t", Desired(runtime="kserve-sklearnserver", image="i:t")),
        ("runtime/v1=i:t", Desired(runtime="v1", image="i:t")),
        ("runtime/gpu=i:t", Desired(runtime="gpu", image="i:t")),
    ],
)
def test_set(text: str, wanted: Desired) -> None:
    assert parse_set(text) == wanted
    assert msgspec.json.decode(msgspec.json.encode(wanted), type=Desired) == wanted
    assert str(wanted) == text.partition("=")[0].strip()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "FORMAT[/v1|/v2][/gpu]=IMAGE or runtime/NAME=IMAGE"),
        ("sklearn", "FORMAT[/v1|/v2][/gpu]=IMAGE"),
        ("sklearn=", "FORMAT"),
        ("=i:t", "FORMAT"),
        ("/gpu=i", "FORMAT"),
        ("sklearn//gpu=i", "FORMAT"),
        ("runtime/=i", "FORMAT"),
        ("gpu=i", "FORMAT"),
        ("sklearn/v3=i", "found /v3"),
        ("a/v1/v2=i", "found /v1/v2"),
        ("a/gpu/gpu=i", "found /gpu"),
        ("a b=i", "FORMAT"),
        ("a=b=c", "not an image"),
        ("a=b c", "white space"),
        ("runtime=i", "runtime/NAME=IMAGE"),
        ("runtime/A=i", "runtime/NAME=IMAGE"),
        ("runtime/a/v1=i", "runtime/NAME=IMAGE"),
        (f"runtime/{'a' * 254}=i", "runtime/NAME=IMAGE"),
    ],
)
def test_set_that_does_not_parse(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_set(text)
    assert f"--set {text}" in caught.value.message
    assert words in caught.value.message


def test_images_are_merged_in_a_fixed_order() -> None:
    a, b = of("sklearn", "a:1"), of("onnx", "b:1")
    assert merged([a, b, a]) == merged([b, a]) == (b, a)


def test_images_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(UsageError, match="sklearn is wanted as a:1 and as a:2"):
        merged([of("sklearn", "a:1"), of("sklearn", "a:2")])


def test_what_else_contradicts_is_named() -> None:
    plain = Desired(runtime="a", image="a:1")
    with pytest.raises(UsageError, match="runtime/a is wanted twice, with different env and args"):
        merged([plain, Desired(runtime="a", image="a:1", env=(EnvVar("A", ""),), args=("--a",))])
    with pytest.raises(UsageError, match="twice, with different exceptions"):
        merged([plain, Desired(runtime="a", image="a:1", exceptions=(Exempt(selector="a=b"),))])
    with pytest.raises(UsageError, match="as a:1 and without an image"):
        merged([plain, Desired(runtime="a", args=("--a",))])


def test_labels_of_a_selector() -> None:
    assert labels_of("a=,example.com/b=c") == (("a", ""), ("example.com/b", "c"))
    assert labels_of("") == ()


def test_a_run_is_summed_up_without_values() -> None:
    found = Desired(runtime="a", image="a:1", env=(EnvVar("KEY", "secret"),), args=("--b=c",))
    assert summary([found, of("sklearn", "x:2")]) == "runtime/a=a:1 env:KEY args:--b, sklearn=x:2"


def test_what_is_not_asked_for_is_not_in_the_plan_file() -> None:
    options = Options((of("sklearn", "r/i:t"),))
    data = msgspec.json.encode(options)
    assert b'"images":[{"format":"sklearn","image":"r/i:t"}]' in data
    assert msgspec.json.decode(data, type=Options) == options
