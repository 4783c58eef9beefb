"""InferenceServices to look at and to test with."""

from tests.testbed.api import Manifest, basic_object
from tests.testbed.kserve import SERVING, KServe

_SAMPLES = (("iris", "team-a", "sklearn"), ("prices", "team-b", "xgboost"))


def framework_service(name: str, namespace: str, framework: str) -> Manifest:
    """Return an InferenceService in the framework form, ``sklearn:`` or the like."""
    spec = {"predictor": {framework: {"storageUri": f"gs://models/{name}"}}}
    return basic_object(SERVING, "InferenceService", name, namespace, spec=spec)


def model_service(
    name: str, namespace: str, model_format: str, runtime: str | None = None
) -> Manifest:
    """Return an InferenceService in the ``model:`` form; KServe chooses without ``runtime``."""
    model: Manifest = {"modelFormat": {"name": model_format}, "storageUri": f"gs://models/{name}"}
    if runtime:
        model["runtime"] = runtime
    spec = {"predictor": {"model": model}}
    return basic_object(SERVING, "InferenceService", name, namespace, spec=spec)


def apply_samples(cluster: KServe) -> list[str]:
    """Put one service into each of two namespaces; return their names once KServe has acted."""
    for name, namespace, framework in _SAMPLES:
        cluster.api.apply(basic_object("v1", "Namespace", namespace))
        cluster.api.apply(framework_service(name, namespace, framework))
    for name, namespace, _ in _SAMPLES:
        cluster.wait_predictor(namespace, name)
    return [f"{namespace}/{name} ({framework})" for name, namespace, framework in _SAMPLES]
