"""Knative Serving's own admission webhook, which defaults Knative's objects and refuses bad ones.

Apart from knative.py because few tests need it, and because what it refuses shows only with it.
"""

from tests.testbed.api import Api, ApiError, Manifest, basic_object
from tests.testbed.control_plane import ControlPlane
from tests.testbed.knative import NAMESPACE
from tests.testbed.modules import documents, module_folder
from tests.testbed.ports import free_port
from tests.testbed.waiting import wait_until

_NAME = "webhook"
_SECRET = "webhook-certs"
_PROBE = "webhook-probe"
_CREATOR = "serving.knative.dev/creator"
_SECONDS = 60


def start_knative_webhook(plane: ControlPlane) -> None:
    """Run the webhook on a plane that has ``knative_serving``; it ends with the plane.

    It makes its own certificate and writes that into its configurations, as on any cluster. The
    one thing changed: its Service is an external name for this machine.
    """
    port = free_port()
    plane.api.apply(_service())
    plane.api.apply(basic_object("v1", "Secret", _SECRET, NAMESPACE))
    process = plane.run("knative-webhook", _flags(plane), _environment(port))
    plane.api.apply_all(_configurations(port))
    what = "Knative's webhook to set defaults"
    wait_until(lambda: _sets_defaults(plane.api), _SECONDS, what, [process])


def _service() -> Manifest:
    spec = {"type": "ExternalName", "externalName": "localhost"}
    return basic_object("v1", "Service", _NAME, NAMESPACE, spec=spec)


def _flags(plane: ControlPlane) -> list[str]:
    return [f"-kubeconfig={plane.kubeconfig('knative-webhook')}"]


def _environment(port: int) -> dict[str, str]:
    return {
        "SYSTEM_NAMESPACE": NAMESPACE,
        "CONFIG_LOGGING_NAME": "config-logging",
        "CONFIG_OBSERVABILITY_NAME": "config-observability",
        "POD_NAME": "knative-webhook",
        "WEBHOOK_NAME": _NAME,
        "WEBHOOK_PORT": str(port),
        "METRICS_PROMETHEUS_PORT": str(free_port()),
        "PROFILING_PORT": str(free_port()),
    }


def _configurations(port: int) -> list[Manifest]:
    """Return the released configurations; the API server asks our port of the external name."""
    folder = module_folder("knative.dev/serving", pins="knative") / "config/core/webhooks"
    found = documents(*sorted(folder.glob("*.yaml")))
    configurations = [m for m in found if m["kind"].endswith("WebhookConfiguration")]
    for configuration in configurations:
        for webhook in configuration["webhooks"]:
            webhook["clientConfig"]["service"]["port"] = port
    return configurations


def _sets_defaults(api: Api) -> bool:
    """A dry run of a Knative Service without fault comes back with who made it."""
    containers = [{"image": "registry.example.com/probe:v1"}]
    spec = {"template": {"spec": {"containers": containers}}}
    probe = basic_object("serving.knative.dev/v1", "Service", _PROBE, NAMESPACE, spec=spec)
    path = api.path(probe["apiVersion"], probe["kind"], NAMESPACE)
    try:
        answer = api.request("POST", f"{path}?dryRun=All", probe)
    except ApiError:  # its certificate is not made, or not yet known to the API server
        return False
    return _CREATOR in answer["metadata"].get("annotations", {})
