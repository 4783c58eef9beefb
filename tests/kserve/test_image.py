"""Image references: what is one, what is not, and that nothing gets lost on the way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.kserve.image import MAX_NAME, ImageFormatError, ImageRef, parse_image

SHA = "sha256:" + "0123456789abcdef" * 4

GOOD = [
    ("kserve/sklearnserver:v0.7.0", ImageRef("kserve/sklearnserver", "v0.7.0")),
    ("kserve/sklearnserver", ImageRef("kserve/sklearnserver")),
    ("ubuntu", ImageRef("ubuntu")),
    ("localhost/x:1", ImageRef("localhost/x", "1")),
    ("registry.example:5000/a/b", ImageRef("registry.example:5000/a/b")),
    ("registry.example:5000/a/b:1", ImageRef("registry.example:5000/a/b", "1")),
    ("Registry.Example/a:1", ImageRef("Registry.Example/a", "1")),
    ("[2001:db8::1]:5000/a:1", ImageRef("[2001:db8::1]:5000/a", "1")),
    ("host:5000", ImageRef("host", "5000")),
    (f"a/b@{SHA}", ImageRef("a/b", "", SHA)),
    (f"a/b:v1@{SHA}", ImageRef("a/b", "v1", SHA)),
    ("a/b@sha512:" + "A0" * 64, ImageRef("a/b", "", "sha512:" + "A0" * 64)),
    ("a__b/c-d--e.f:_x.Y-1", ImageRef("a__b/c-d--e.f", "_x.Y-1")),
    ("a:" + "t" * 128, ImageRef("a", "t" * 128)),
    ("a" * MAX_NAME, ImageRef("a" * MAX_NAME)),
]

BAD = [
    ("", "empty"),
    (" a", "white space"),
    ("a b", "white space"),
    ("a:1\n", "white space"),
    (":v0.7.0", "names no repository"),
    (f"@{SHA}", "names no repository"),
    ("Kserve/server:1", "capital"),
    ("kserve/Server", "capital"),
    ("kserve/server:", "tag is empty"),
    ("kserve/server:-1", "'-1' is not a tag"),
    ("kserve/server:1:2", "'1:2' is not a tag"),
    ("kserve/server:ü", "is not a tag"),
    ("a:" + "t" * 129, "is not a tag"),
    ("kserve/server@", "'' is not a digest"),
    ("kserve/server@sha256:abc", "is not a digest"),
    (f"a@{SHA}@{SHA}", "is not a digest"),
    ("a@" + SHA.upper(), "is not a digest"),
    ("a@sha256:" + "A" * 64, "is not a digest"),
    ("a//b", "cannot be part"),
    ("a/b/", "cannot be part"),
    ("/a", "cannot be part"),
    ("a/-b", "cannot be part"),
    ("a/_b", "cannot be part"),
    ("http://a/b", "not a registry"),
    ("-host.example/a", "not a registry"),
    ("a:port/b", "not a registry"),
    ("a" * (MAX_NAME + 1), "more than 255"),
]


@pytest.mark.parametrize(("text", "image"), GOOD)
def test_reads_references(text: str, image: ImageRef) -> None:
    assert parse_image(text) == image
    assert str(image) == text


@pytest.mark.parametrize(("text", "reason"), BAD)
def test_refuses_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(ImageFormatError, match=reason) as caught:
        parse_image(text)
    assert caught.value.text == text
    assert reason in caught.value.reason
    assert isinstance(caught.value, ValueError)


NAMES = st.from_regex(
    "([a-z]{1,4}[.][a-z]{2}(:[0-9]{1,5})?/)?[a-z0-9]{1,4}(/[a-z0-9]{1,4}){0,2}", fullmatch=True
)


@given(
    st.builds(
        ImageRef,
        NAMES,
        st.sampled_from(["", "1", "v0.9.0", "latest-gpu"]),
        st.sampled_from(["", SHA]),
    )
)
def test_reads_back_what_it_writes(image: ImageRef) -> None:
    assert parse_image(str(image)) == image
