"""A user whose writes of InferenceServices KServe's webhooks do not see.

So objects can be stored as an older release left them, and finalizers taken off, while the
webhooks go on answering everybody else, the controller included.
"""

from typing import Any

from tests.differential.shapes import SERVICE, SERVING, Manifest
from tests.testbed.api import Api, ApiError, basic_object
from tests.testbed.kserve import KServe
from tests.testbed.waiting import wait_until

_USER = "past-the-webhooks"
_CONDITION = {"name": "not-past", "expression": f"request.userInfo.username != '{_USER}'"}
_KINDS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_SECONDS = 30


def bypass(kserve: KServe, namespace: str) -> Api:
    """Make the webhooks of the cluster leave our user alone, and return that user's client."""
    for kind in _KINDS:
        for found in kserve.api.list("admissionregistration.k8s.io/v1", kind):
            if "serving.kserve.io" in found["metadata"]["name"]:
                _exempt(kserve.api, found)
    api = Api(kserve.plane.kubeconfig(_USER))
    wait_until(lambda: _is_exempt(api, namespace), _SECONDS, "the webhooks to be passed by")
    return api


def _exempt(api: Api, configuration: Manifest) -> None:
    hooks = [hook | {"matchConditions": [_CONDITION]} for hook in configuration["webhooks"]]
    api.patch(configuration, {"webhooks": hooks})


def _is_exempt(api: Api, namespace: str) -> bool:
    """The defaulter changes any framework service, and the validator refuses such a name."""
    spec: dict[str, Any] = {"predictor": {"sklearn": {"storageUri": "gs://models/x"}}}
    service = basic_object(SERVING, SERVICE, "1-is-no-name", namespace, spec=spec)
    path = api.path(SERVING, SERVICE, namespace)
    try:
        stored = api.request("POST", f"{path}?dryRun=All", service)
    except ApiError:
        return False
    predictor: Manifest = stored["spec"]["predictor"]
    return "model" not in predictor and "runtimeVersion" not in predictor["sklearn"]
