"""Which cluster is meant: as kubectl has it."""

from pathlib import Path

import pytest

from migrate.cluster.kube import connect
from migrate.errors import Exit, UsageError
from tests.cluster.conftest import Write


def test_the_current_context_is_taken(write: Write) -> None:
    cluster = connect(write("a", "b", current="b"))
    assert (cluster.context, cluster.server) == ("b", "https://b")


pytestmark = pytest.mark.usefixtures("at_home")


def test_another_context_can_be_asked_for(write: Write) -> None:
    assert connect(write("a", "b", current="b"), "a").server == "https://a"


def test_the_flag_comes_before_the_environment(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", write("env", file="env", current="env"))
    assert connect(write("flag", file="flag", current="flag")).context == "flag"
    assert connect().context == "env"


def test_the_environment_comes_before_home(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("home", file="home/.kube/config", current="home")
    assert connect().context == "home"
    monkeypatch.setenv("KUBECONFIG", write("env", file="env", current="env"))
    assert connect().context == "env"
    monkeypatch.setenv("KUBECONFIG", "")
    assert connect().context == "home"


def test_of_several_files_the_first_word_counts(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As kubectl does it. The client library would take the last current-context.
    first = write("a", "both", file="1", current="a")
    second = write("b", "both", file="2", current="b", server="https://second")
    monkeypatch.setenv("KUBECONFIG", f"{first}:/nowhere/at-all::{second}")
    assert connect().context == "a"
    assert connect(None, "b").server == "https://second"
    assert connect(None, "both").server == "https://both"


def test_a_file_without_a_current_context_leaves_it_to_the_next(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = write("a", file="1"), write("b", file="2", current="a")
    monkeypatch.setenv("KUBECONFIG", ":".join(files))
    assert connect().server == "https://a"


def test_an_unknown_context_is_told_with_those_that_there_are(write: Write) -> None:
    path = write("a", "b", current="a")
    with pytest.raises(UsageError) as caught:
        connect(path, "c")
    assert caught.value.message == f"no context 'c' in {path}; its contexts: a, b"
    assert (caught.value.hint, caught.value.code) == ("--context NAME", Exit.USAGE)


def test_no_context_is_guessed(write: Write) -> None:
    with pytest.raises(UsageError, match=r"no current-context in .*; its contexts: a, b"):
        connect(write("a", "b"))


def test_a_kubeconfig_without_contexts(write: Write) -> None:
    with pytest.raises(UsageError, match="it has no contexts"):
        connect(write())
    with pytest.raises(UsageError, match="it has no contexts"):
        connect(write(), "a")


USE_C = "current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\n"
USE_U = "current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n"
C = "clusters: [{name: c, cluster: {server: 'https://c'}}]\n"
NO_CA = "clusters: [{name: c, cluster: {server: 'https://c', certificate-authority: x.crt}}]\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a: [", "kubeconfig .*broken: line 2: did not find expected"),
        ("- a\n", "is no kubeconfig"),
        ("contexts: [{context: {}}]", "an entry of contexts has no name"),
        ("contexts: text", "an entry of contexts has no name"),
        ("current-context: a", "no context 'a' in .*; it has no contexts"),
        ("current-context: a\ncontexts: [{name: a}]", "names None, which clusters of .* lack"),
        ("current-context: a\ncontexts: [{name: a, context: text}]", "names None, which"),
        (USE_C, "context 'a' names 'c', which clusters of .* lack"),
        (USE_U + C, "context 'a' names 'u', which users of .* lack"),
        (USE_C + "clusters: [{name: c}]", "context 'a' of .*: its cluster has no server"),
        (USE_C + NO_CA, "context 'a' of .*: File does not exist: .*x.crt"),
    ],
)
def test_a_broken_kubeconfig_is_named(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "broken"
    path.write_text(content)
    with pytest.raises(UsageError, match=words) as caught:
        connect(str(path))
    assert str(path) in caught.value.message


def test_a_missing_kubeconfig_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="no such kubeconfig: /nowhere/config"):
        connect("/nowhere/config")
    monkeypatch.setenv("KUBECONFIG", "/nowhere/a:/nowhere/b")
    with pytest.raises(UsageError, match="no such kubeconfig: /nowhere/a, /nowhere/b"):
        connect()


def test_without_kubeconfig_and_pod_there_is_no_cluster() -> None:
    with pytest.raises(UsageError, match=r"no kubeconfig: .* and this is no pod") as caught:
        connect()
    assert caught.value.hint == "--kubeconfig FILE"
    with pytest.raises(UsageError, match=r"no context 'a': ~/\.kube/config is not there"):
        connect(None, "a")
