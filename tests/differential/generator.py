"""Generated clusters: awkward more often than nice, and the same for the same seed."""

from itertools import chain

from tests.differential.dice import Dice
from tests.differential.gen_config import config
from tests.differential.gen_models import Place
from tests.differential.gen_runtimes import waves
from tests.differential.gen_services import service
from tests.differential.shapes import Cluster, key_of

# Raised with every change of what a seed gives.
GENERATOR = 1


def clusters(release: str, seed: int, count: int) -> list[Cluster]:
    """Return the first ``count`` clusters of a seed for a release."""
    return [cluster(release, seed, index) for index in range(count)]


def cluster(release: str, seed: int, index: int) -> Cluster:
    """Return one cluster of a seed."""
    dice = Dice(f"{GENERATOR}/{release}/{seed}/{index}")
    namespaces = ["a", "b", "c"][: dice.weighed({1: 30, 2: 50, 3: 20})]
    runtimes = waves(dice, release, namespaces)
    known = tuple(chain.from_iterable(runtimes))
    places = [Place(release, namespace, known) for namespace in namespaces]
    count = dice.between(8, 14)
    made = [service(dice, dice.pick(places), number) for number in range(count)]
    return {
        "release": release,
        "seed": seed,
        "index": index,
        "config": config(dice, release),
        "runtimes": runtimes,
        "namespaces": namespaces,
        "services": [manifest for manifest, _ in made],
        "unadmitted": [key_of(manifest) for manifest, is_stored in made if is_stored],
    }
