"""Which literals nobody may read in what is shown."""

from __future__ import annotations

import pytest

from migrate.credentials import (
    MASK,
    hidden_arguments,
    hidden_urls,
    hidden_values,
    looks_like_credential,
    secret_flags,
    secret_names,
)
from migrate.objects import Json

NAMES = [
    *("PASSWORD", "password", "DB_PASSWORD", "DB_PASSWORD_OLD", "dbPassword", "PASSWD", "PWD"),
    *("PASSPHRASE", "SECRET", "AWS_SECRET_ACCESS_KEY", "SECRET_OF_MINE", "CLIENTSECRET"),
    *("TOKEN", "HF_TOKEN", "hfToken", "api-token", "CREDENTIAL", "credentials"),
    *("API_KEY", "APIKEY", "apikey2", "OPENAI_API_KEY", "ACCESS_KEY", "ACCESSKEY", "PRIVATEKEY"),
    *("private-key", "KEY", "KEY_OF_MINE", "MY_KEY", "myKey", "SECRET_PROFILE"),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_gives_it_away(name: str) -> None:
    assert looks_like_credential(name, "hunter2")


@pytest.mark.parametrize(
    "name",
    ["", "MODEL_NAME", "TOKENIZER", "MONKEY", "AUTHOR", "MAX_TOKENS", "SECRETARY", "PWDX", "KEYS"],
)
def test_other_names_do_not(name: str) -> None:
    assert not looks_like_credential(name, "hunter2")


PLACES = ["file", "path", "dir", "url", "uri", "name", "id", "type", "ttl", "size", "length"]


@pytest.mark.parametrize("place", PLACES)
def test_a_name_may_say_that_it_is_elsewhere(place: str) -> None:
    assert not looks_like_credential(f"PASSWORD_{place.upper()}", "hunter2")
    assert not looks_like_credential(f"apiKey{place.title()}", "hunter2")
    assert looks_like_credential(f"{place.upper()}_PASSWORD", "hunter2")


@pytest.mark.parametrize(
    "value",
    [
        *("true", "FALSE", "yes", "no", "On", "off", "enabled", "disabled", "none", "Null"),
        *("", "1", "1234", "$(OTHER)", "{{.Labels.x}}"),
    ],
)
def test_switches_small_numbers_and_what_is_filled_in_are_none(value: str) -> None:
    assert not looks_like_credential("TOKEN", value)


@pytest.mark.parametrize(
    "value", ["12345", "truely", "xtrue", "/a/b", "x$(A)", "$(A)x", "{{.A}}x", "{{.A}}{{.B}}", " "]
)
def test_what_only_resembles_them_is_one(value: str) -> None:
    assert looks_like_credential("TOKEN", value)


@pytest.mark.parametrize(
    ("value", "hidden"),
    [
        ("https://user:pass@host/path", True),
        ("https://:pass@host", True),
        ("S3+HTTP://u:p@h", True),
        ("postgres://u:p-w@h:5432/db", True),
        ("https://host/path", False),
        ("https://host:8080/a@b", False),
        ("https://user@host", False),
        ("https://user:@host", False),
        ("see https://user:pass@host", False),
        ("https://u:p s@host", False),
    ],
)
def test_a_url_with_a_password_is_one_under_any_name(value: str, hidden: bool) -> None:
    assert looks_like_credential("ENDPOINT_URL", value) is hidden
    assert hidden_arguments([value]) == [MASK if hidden else value]


ARGUMENTS = [
    (["--model_name=x", "--port", "80"], ["--model_name=x", "--port", "80"], []),
    (["--token=abc"], [f"--token={MASK}"], ["--token"]),
    (["-api-key=a=b"], [f"-api-key={MASK}"], ["-api-key"]),
    (["--token", "abc", "abc"], ["--token", MASK, "abc"], ["an argument"]),
    (["--token", "--other", "abc"], ["--token", "--other", "abc"], []),
    (["--token=", "--token=true"], ["--token=", "--token=true"], []),
    (["--Api-Token=abc"], [f"--Api-Token={MASK}"], ["--Api-Token"]),
    (["--token=a\nb"], [f"--token={MASK}"], ["--token"]),
    (["--dsn=pg://u:p@h"], [f"--dsn={MASK}"], ["--dsn"]),
    (["--dsn", "pg://u:p@h"], ["--dsn", MASK], ["an argument"]),
    (["token", "abc", "-1", "--"], ["token", "abc", "-1", "--"], []),
    ([], [], []),
]


@pytest.mark.parametrize(("arguments", "shown", "flags"), ARGUMENTS)
def test_arguments_are_shown_without_credentials(
    arguments: list[str], shown: list[str], flags: list[str]
) -> None:
    assert hidden_arguments(arguments) == shown
    assert secret_flags(arguments) == flags


def test_variables_are_named_that_hold_one() -> None:
    env: list[dict[str, object]] = [
        {"name": "TOKEN", "value": "abc"},
        {"name": "API_KEY", "value": "abc"},
        {"name": "TOKEN", "value": "def"},
        {"name": "PASSWORD", "valueFrom": {}},
        {"name": "PASSWORD", "value": ""},
        {"name": "OTHER", "value": "abc"},
        {"value": "abc"},
    ]
    assert secret_names(env) == ["API_KEY", "TOKEN"]
    assert secret_flags(["--b-token=x", "--a-token=y"]) == ["--a-token", "--b-token"]


def test_what_is_shown_says_so() -> None:
    assert "hidden" in MASK
    assert "credential" in MASK


URLS = [
    ("see https://u:pass@host/x and s3://:p@h", f"see https://u:{MASK}@host/x and s3://:{MASK}@h"),
    ("https://h/p?sv=1&sig=abc#x", f"https://h/p?sv=1&sig={MASK}#x"),
    ("https://h/p?X-Amz-Signature=abc", f"https://h/p?X-Amz-Signature={MASK}"),
    ("https://h/p?X-Amz-Credential=a%2Fb", f"https://h/p?X-Amz-Credential={MASK}"),
    ("https://h/p?access_token=abc&page=2", f"https://h/p?access_token={MASK}&page=2"),
    *((text, text) for text in ("https://h:80/a@b?x=1", "h?sig=abc", "a:b@c", "https://u@h", "")),
    *((text, text) for text in ("https://h/design=abc", "https://h/?design=abc", "x://a b:c@d")),
]


@pytest.mark.parametrize(("text", "shown"), URLS)
def test_urls_are_shown_without_passwords_and_signatures(text: str, shown: str) -> None:
    assert hidden_urls(text) == shown


@pytest.mark.parametrize(
    ("value", "name", "shown"),
    [
        ("abc", "password", MASK),
        ("abc", "name", "abc"),
        (["--x", "--token", "abc"], "args", ["--x", "--token", MASK]),
        (
            {"env": [{"name": "TOKEN", "value": "abc"}]},
            "",
            {"env": [{"name": "TOKEN", "value": MASK}]},
        ),
        ({"name": "PORT", "value": "8080"}, "", {"name": "PORT", "value": "8080"}),
        ({"password": "abc", "value": "abc"}, "", {"password": MASK, "value": "abc"}),
        ([{"secret": ["abc"]}, 1, None, True], "", [{"secret": [MASK]}, 1, None, True]),
        ({"a": {"b": "https://u:p@h"}}, "", {"a": {"b": MASK}}),
    ],
)
def test_values_are_shown_without_credentials_at_any_depth(
    value: Json, name: str, shown: Json
) -> None:
    assert hidden_values(value, name) == shown
