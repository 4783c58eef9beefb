"""To which image a reset leads where a distribution has a registry of its own."""

from __future__ import annotations

import pytest

from migrate.objects import Manifest
from migrate.planning.model.plan import Plan
from migrate.planning.stock.ways import Found, Way, derived, doubt, way_of, ways_of
from tests.planning.clusters import codes
from tests.planning.installed import (
    SKLEARN,
    Mirror,
    carried_out,
    cluster,
    container,
    predictors,
    reset,
    runtimes,
    specs,
)

TRITON = "kserve-tritonserver"
MLSERVER = "kserve-mlserver"
OTHER = "registry.example.com/team/server:v1"


def below(image: str) -> str:
    """A mirror with all registries in its paths."""
    return f"mirror.example.com/all/{image}"


def flat(image: str) -> str:
    """A mirror without them."""
    registry, slash, rest = image.partition("/")
    return f"mirror.example.com/{rest if slash and '.' in registry else image}"


def image_of(manifest: Manifest) -> str:
    return str(container(manifest)["image"])


@pytest.mark.parametrize("release", ["0.9.0", "0.11.2", "0.15.2", "0.20.0"])
@pytest.mark.parametrize("origin", ["manifest", "chart"])
@pytest.mark.parametrize("mirror", [below, flat])
def test_stock_is_behind_the_same_mirror(release: str, origin: str, mirror: Mirror) -> None:
    whole = runtimes(release, origin, mirror)
    assert not reset(cluster(release=release, whole=whole)).operations
    container(whole[SKLEARN])["image"] = OTHER
    found = cluster(release=release, whole=whole)
    made = reset(found)
    assert not made.blocking
    after = specs(carried_out(found, made))
    assert after == {n: m["spec"] for n, m in runtimes(release, origin, mirror).items()}
    assert image_of({"spec": after[SKLEARN]}).startswith("mirror.example.com/")


def test_predictors_behind_a_mirror() -> None:
    said = predictors("0.7.0", below)
    said["sklearn"]["v1"] = {"image": "x/sk", "defaultImageVersion": "v1"}
    found = cluster(release="0.7.0", whole={}, said=said)
    made = reset(found)
    assert not made.blocking
    assert wanted(made) == {"sklearn/v1": below("kserve/sklearnserver:v0.7.0")}


def test_predictors_and_runtimes_say_nothing_of_each_others_mirror() -> None:
    whole = runtimes("0.9.0", mirror=flat)
    container(whole[SKLEARN])["image"] = OTHER
    made = reset(cluster(release="0.9.0", whole=whole, said=predictors("0.9.0")))
    assert wanted(made) == {f"runtime/{SKLEARN}": flat("kserve/sklearnserver:v0.9.0")}
    assert not made.blocking
    said = predictors("0.9.0", flat)
    said["sklearn"]["v1"]["image"] = "x/sk"
    made = reset(cluster(release="0.9.0", said=said))
    assert wanted(made) == {"sklearn/v1": flat("kserve/sklearnserver:latest")}
    assert not made.blocking


def wanted(made: Plan) -> dict[str, str]:
    return {row.entry: row.wanted for row in made.images if row.wanted}


def test_the_two_tags_of_one_override_are_no_mirror() -> None:
    said = predictors("0.7.0")
    said["tensorflow"]["image"] = "x/tensorflow/serving"
    made = reset(cluster(release="0.7.0", whole={}, said=said))
    assert wanted(made) == {
        "tensorflow": "tensorflow/serving:1.14.0",
        "tensorflow/gpu": "tensorflow/serving:1.14.0-gpu",
    }
    assert not made.blocking


def test_of_two_manifests_the_nearer_one_counts() -> None:
    said = predictors("0.7.0")
    said["pytorch"]["v1"]["image"] = "x/pt"
    for tag in ("v0.7.0-gpu", "latest-gpu"):
        said["pytorch"]["v1"]["defaultGpuImageVersion"] = tag
        made = reset(cluster(release="0.7.0", whole={}, said=said))
        assert not made.blocking
        assert wanted(made) == {
            "pytorch/v1": "kserve/pytorchserver:v0.7.0",
            "pytorch/v1/gpu": f"kserve/pytorchserver:{tag}",
        }
    said["pytorch"]["v1"]["defaultGpuImageVersion"] = "other-gpu"
    [told] = reset(cluster(release="0.7.0", whole={}, said=said)).blocking
    assert told.text.startswith("pytorch/v1/gpu stays as it is: its manifests and charts differ")


def test_a_registry_of_which_nothing_is_seen_is_asked_for() -> None:
    whole = runtimes("0.15.2", mirror=flat)
    container(whole[TRITON])["image"] = OTHER
    found = cluster(release="0.15.2", whole=whole)
    made = reset(found)
    assert not made.operations
    [told] = [f for f in made.findings if f.code == "KM263"]
    assert f"runtime/{TRITON} stays as it is" in told.text
    assert "nvcr.io/nvidia/tritonserver" in told.text
    assert told.fix == f"say what shall be there: --set runtime/{TRITON}=IMAGE"
    assert made.blocking
    assert not reset(found, accept=("KM263",)).blocking
    given = reset(found, f"runtime/{TRITON}=mirror.example.com/triton:1")
    assert not given.blocking
    assert image_of({"spec": specs(carried_out(found, given))[TRITON]}).endswith("/triton:1")


def test_a_single_image_below_a_prefix_is_an_override() -> None:
    whole = runtimes("0.15.2")
    container(whole[SKLEARN])["image"] = below(image_of(whole[SKLEARN]))
    found = cluster(release="0.15.2", whole=whole)
    assert specs(carried_out(found, reset(found))) == specs(cluster(release="0.15.2"))


def test_two_ways_of_one_registry_are_not_chosen_from() -> None:
    whole = runtimes("0.15.2")
    for name in (SKLEARN, "kserve-xgbserver"):
        container(whole[name])["image"] = below(image_of(whole[name]))
    container(whole["kserve-lgbserver"])["image"] = OTHER
    made = reset(cluster(release="0.15.2", whole=whole))
    assert not made.operations
    told = [f.text.partition(" ")[0] for f in made.findings if f.code == "KM263"]
    assert told == ["runtime/kserve-lgbserver", f"runtime/{SKLEARN}", "runtime/kserve-xgbserver"]


def test_where_no_image_is_kserves_own_nothing_is_guessed() -> None:
    whole = {SKLEARN: runtimes("0.15.2")[SKLEARN]}
    container(whole[SKLEARN])["image"] = OTHER
    made = reset(cluster(release="0.15.2", whole=whole))
    assert not made.operations
    assert "no other image is KServe's own" in made.blocking[0].text


def test_manifest_and_chart_are_told_apart_by_the_other_runtimes() -> None:
    for origin in ("manifest", "chart"):
        whole = runtimes("0.20.0", origin)
        stock = image_of(whole[MLSERVER])
        container(whole[MLSERVER])["image"] = OTHER
        container(whole[MLSERVER])["env"] = []
        found = cluster(release="0.20.0", whole=whole)
        after = specs(carried_out(found, reset(found)))
        assert image_of({"spec": after[MLSERVER]}) == stock
    assert image_of(runtimes("0.20.0", "manifest")[MLSERVER]) != stock


def test_manifest_and_chart_that_nothing_tells_apart_are_asked_for() -> None:
    whole = {n: m for n, m in runtimes("0.10.0").items() if n in ("kserve-torchserve", SKLEARN)}
    manifest, chart = (
        image_of(runtimes("0.10.0", o)["kserve-torchserve"]) for o in ("manifest", "chart")
    )
    assert manifest != chart
    container(whole["kserve-torchserve"])["image"] = OTHER
    made = reset(cluster(release="0.10.0", whole=whole))
    [told] = made.blocking
    assert manifest in told.text
    assert chart in told.text
    whole["kserve-torchserve"]["metadata"]["annotations"] = {"meta.helm.sh/release-name": "kserve"}
    found = cluster(release="0.10.0", whole=whole)
    made = reset(found, take_ownership=True)
    assert not made.blocking
    after = specs(carried_out(found, made))["kserve-torchserve"]
    assert image_of({"spec": after}) == chart


def test_a_volume_that_has_gone_is_told_and_not_mounted() -> None:
    whole = runtimes("0.15.2")
    name = "kserve-huggingfaceserver"
    whole[name]["spec"]["volumes"] = []
    container(whole[name])["image"] = OTHER
    made = reset(cluster(release="0.15.2", whole=whole))
    assert not made.operations
    assert "mounts devshm, which the runtime has not" in made.blocking[0].text


@pytest.mark.parametrize("mirror", [str, below, flat])
def test_runtimes_of_another_patch_release_are_what_is_installed(mirror: Mirror) -> None:
    whole = runtimes("0.15.1", mirror=mirror)
    assert not reset(cluster(release="0.15.2", whole=whole)).operations
    container(whole[SKLEARN])["image"] = OTHER
    found = cluster(release="0.15.2", whole=whole)
    after = specs(carried_out(found, reset(found)))
    assert after == {n: m["spec"] for n, m in runtimes("0.15.1", mirror=mirror).items()}


def test_a_single_image_of_another_patch_release_is_an_override() -> None:
    whole = runtimes("0.15.2")
    container(whole[SKLEARN])["image"] = "kserve/sklearnserver:v0.15.1"
    found = cluster(release="0.15.2", whole=whole)
    assert specs(carried_out(found, reset(found))) == specs(cluster(release="0.15.2"))
    alone = cluster(release="0.15.2", whole={SKLEARN: whole[SKLEARN]})
    assert reset(alone).blocking


def test_owners_are_told() -> None:
    whole = runtimes("0.15.2", "chart")
    container(whole[SKLEARN])["image"] = OTHER
    whole[SKLEARN]["metadata"]["annotations"] = {"meta.helm.sh/release-name": "kserve"}
    made = reset(cluster(release="0.15.2", whole=whole))
    assert "KM106" in codes(made)


@pytest.mark.parametrize(
    ("stock", "image", "way"),
    [
        ("a/b:1", "a/b:1", Way()),
        ("a/b:1", "m/a/b:1", Way("m/")),
        ("r.io/a/b:1", "m/a/b:1", Way("m/", keeps_registry=False)),
        ("r.io/a/b:1", "m/r.io/a/b:1", Way("m/")),
        ("docker.io/a/b:1", "a/b:1", Way(keeps_registry=False)),
        ("r.io/a/b:1", "a/b:1", None),
        ("a/b:1", "ma/b:1", None),
        ("a/b:1", "m/a/b:2", None),
    ],
)
def test_the_way_of_an_image(stock: str, image: str, way: Way | None) -> None:
    assert way_of(stock, image) == way


def test_ways_lead_each_registry_where_its_own_images_are() -> None:
    seen = [("a/b:1", "m/a/b:1"), ("a/c:1", "m/a/c:1"), ("r.io/x:1", "r.io/x:1")]
    ways = ways_of([Found("", image, (stock,)) for stock, image in seen])
    assert derived("a/d:1", ways) == "m/a/d:1"
    assert derived("r.io/y:1", ways) == "r.io/y:1"
    assert derived("other.io/z:1", ways) is None
    assert derived("a/b:1", {}) is None
    assert "others are taken with no prefix and m/" in doubt(Found("", "", ("z.io/z:1",)), ways)
