"""What looks like a credential is told, wherever it is written, and never shown."""

from __future__ import annotations

import msgspec
import pytest

from migrate.kserve.services import InferenceService
from tests.planning.checking import CLUSTER, IRIS, SKLEARN, Json, checked, codes, runtime

SECRETS = [
    {"container": {"env": [{"name": "API_TOKEN", "value": "s3cr3t-{{.Name}}"}]}},
    {"container": {"env": [{"name": "PGPASSWORD", "value": "s3cr3t-v4lue"}]}},
    {"container": {"args": ["--api-key=s3cr3t-v4lue"]}},
    {"container": {"args": ["--token", "s3cr3t-v4lue"]}},
]


@pytest.mark.parametrize("spec", SECRETS)
def test_a_credential_is_told_and_not_shown(spec: Json) -> None:
    made = checked(IRIS, runtime("kserve-sklearnserver", **spec))
    assert "KM410" in codes(made)
    assert "s3cr3t" not in str(made)


def test_a_template_that_is_not_closed_shows_nothing_of_what_follows_it() -> None:
    env = [{"name": "X", "value": "s3cr3t-v4lue"}, {"name": "Y", "value": "{{.Name}}"}]
    open_ended = {"args": ["--x={{.Name"], "env": env}
    made = checked(IRIS, runtime("kserve-sklearnserver", container=open_ended))
    assert "KM414" in codes(made)
    assert "s3cr3t" not in str(made)


LITERAL = {"name": "server", "env": [{"name": "API_TOKEN", "value": "s3cr3t-v4lue"}]}
PLACES: dict[str, Json] = {
    "transformer": {"transformer": {"containers": [LITERAL]}},
    "explainer": {"explainer": {"art": LITERAL}},
    "sidecar": {"predictor": {"model": SKLEARN, "containers": [LITERAL]}},
    "worker": {"predictor": {"model": SKLEARN, "workerSpec": {"containers": [LITERAL]}}},
}


@pytest.mark.parametrize("place", PLACES)
def test_in_every_part_of_a_service(place: str) -> None:
    spec = {"predictor": {"model": SKLEARN}, **PLACES[place]}
    manifest = {"metadata": {"name": "iris", "namespace": "team"}, "spec": spec}
    made = checked(msgspec.convert(manifest, InferenceService), CLUSTER)
    (found,) = [one for one in made.findings if one.code == "KM410"]
    assert "API_TOKEN" in found.text
    assert "s3cr3t" not in str(made)


def test_parts_that_are_not_as_they_should_be_have_none() -> None:
    spec = {"predictor": {"model": SKLEARN}, "transformer": {"containers": 5, "x": {"env": 7}}}
    manifest = {"metadata": {"name": "iris", "namespace": "team"}, "spec": spec}
    made = checked(msgspec.convert(manifest, InferenceService), CLUSTER)
    assert "KM410" not in codes(made)
