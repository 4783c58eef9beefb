"""What is not of the release that runs, asked of recorded installations of all releases."""

from __future__ import annotations

import pytest

from migrate.catalog.fingerprints import CLUSTER_RUNTIMES, INFERENCE_SERVICES, SERVING_RUNTIMES
from migrate.kserve.installation import (
    RUNTIME_WEBHOOKS,
    Installation,
    Manager,
    Part,
    parts_of,
)
from migrate.kserve.releases import parse_release
from migrate.objects import ObjectRef
from tests.kserve.installations import PLACES, config_of, crds_of, number_of

CONFIG = ObjectRef("v1", "ConfigMap", "inferenceservice-config", "kserve")
FULL = [(release, origin) for release, origin in PLACES if origin != "minimal"]
SAME_CRDS = {17, 18, 19}
WORKLOAD = ObjectRef("apps/v1", "Deployment", "kserve-controller-manager", "kserve")
WEBHOOK = ObjectRef(
    "admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", RUNTIME_WEBHOOKS[0]
)


def parts(release: str, crds_from: tuple[str, str], config_from: tuple[str, str]) -> list[Part]:
    crds, config = crds_of(*crds_from), config_of(*config_from)
    return list(parts_of(parse_release(release), crds, config, CONFIG, ()))


@pytest.mark.parametrize("place", PLACES, ids=" ".join)
def test_an_installation_is_of_its_own_release(place: tuple[str, str]) -> None:
    assert parts(place[0], place, place) == []


@pytest.mark.parametrize("running", FULL, ids=" ".join)
def test_crds_of_another_release_are_found_and_the_older_ones_break(
    running: tuple[str, str],
) -> None:
    """The releases that are said are those of the CRDs, never the one that runs."""
    mine = number_of(running[0])
    for place in FULL:
        theirs, found = number_of(place[0]), parts(running[0], place, running)
        is_same = mine == theirs or {mine, theirs} <= SAME_CRDS
        assert is_same == (INFERENCE_SERVICES not in {part.what.name for part in found}), place
        for part in found:
            assert part.what.kind == "CustomResourceDefinition"
            assert (part.breaks, part.is_newer) == (theirs < mine, theirs > mine)
            ends = [int(end[2:]) for end in part.of.split(" to ")]
            assert ends[0] <= theirs <= ends[-1]
            assert not ends[0] <= mine <= ends[-1]


@pytest.mark.parametrize(("old", "new"), [("0.9.0", "0.10.2"), ("0.15.2", "0.16.0")])
def test_a_configmap_of_another_release_breaks_nothing(old: str, new: str) -> None:
    """That of before the upgrade is told by the tags of its images, that of after it by keys."""
    for running, theirs in ((old, new), (new, old)):
        [part] = parts(running, (running, "chart"), (theirs, "chart"))
        assert (part.what, part.breaks, part.is_newer) == (CONFIG, False, theirs == new)
        assert part.of == f"0.{number_of(theirs)}"


def test_keys_that_are_left_over_are_nobodys_business() -> None:
    config = {"predictors": "{}", "explainers": "{}"}
    assert parts_of(parse_release("0.20.0"), {}, config, CONFIG, ()) == ()


def test_a_webhook_that_nobody_answers_breaks() -> None:
    assert parts_of(parse_release("0.11.2"), {}, {}, CONFIG, [WEBHOOK]) == ()
    [part] = parts_of(parse_release("0.10.2"), {}, {}, CONFIG, [WEBHOOK])
    assert (part.what, part.breaks, part.of) == (WEBHOOK, True, "0.11 to 0.20")
    assert {name.partition(".")[0] for name in RUNTIME_WEBHOOKS} == {
        name.partition("s.")[0] for name in (SERVING_RUNTIMES, CLUSTER_RUNTIMES)
    }


@pytest.mark.parametrize(
    ("images", "is_mixed"),
    [
        (("kserve/kserve-controller:v0.9.0",), False),
        (("a/x:v0.9.0", "b/y:v0.9.0"), False),
        (("a/x:v0.9.0", "a/x:v0.10.2"), True),
        (("a/x:v0.9.0", "a/x:latest"), True),
    ],
)
def test_two_releases_in_one_workload(images: tuple[str, ...], is_mixed: bool) -> None:
    one = Manager(WORKLOAD, images)
    assert one.is_mixed is is_mixed
    assert Installation((one,)).is_double is is_mixed
    assert Installation((one, one)).is_double
