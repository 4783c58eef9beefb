"""The released install manifests of KServe, fitted to a control plane on loopback."""

import copy
import json
import re
from pathlib import Path

from tests.testbed.api import Manifest, basic_object, encoded
from tests.testbed.modules import documents, module_folder
from tests.testbed.ports import HOST
from tests.testbed.releases import SERVERLESS, Release

NAMESPACE = "kserve"
WEBHOOK_PORT = 9443
"""Where a manager up to 0.9 serves its webhooks; it can be told no other port."""
_WEBHOOK_SERVICE = "kserve-webhook-server-service"
# The LLMInferenceService controller, from 0.16 on a program of its own, does not run here. Its
# CRDs are so large that they alone would take longer than the rest of the cluster, and its role
# binding cannot be applied over that of another release.
_OTHER_KIND = re.compile("LLMInferenceService")
_OTHER_NAME = re.compile("llmisvc")
_OTHER_GROUP = re.compile(r"(^inference\.networking\.|^llm-d\.ai$)")
_FILES = ("kserve.yaml", "kserve-runtimes.yaml", "kserve-cluster-resources.yaml")
# cert-manager does not run here: the webhook's certificate is ours.
_LEFT_OUT = ("Certificate", "Issuer")
_IMAGE = re.compile(r"(kserve/kserve-controller):\S+")


def istio_crds() -> list[Manifest]:
    """Return the one Istio CRD that KServe's controllers look for."""
    found = documents(
        module_folder("istio.io/api") / "kubernetes/customresourcedefinitions.gen.yaml"
    )
    name = "virtualservices.networking.istio.io"
    return [_fitted_crd(crd) for crd in found if crd["metadata"]["name"] == name]


def release_manifests(release: Release, ca: Path, mode: str, port: int) -> list[Manifest]:
    """Return the objects of a release as they are to be applied.

    Changed: the webhooks are reached by URL, at ``port``, and trust ``ca``, CRDs are not
    converted, the controller's image has the tag of this very release, and unless ``mode`` is
    Serverless it is the default deployment mode, with no ingress made.
    """
    folder = module_folder("github.com/kserve/kserve") / "install" / release.manifests
    found = documents(*(folder / name for name in _FILES if (folder / name).exists()))
    namespace = basic_object("v1", "Namespace", NAMESPACE)
    kept = [manifest for manifest in found if _is_kept(manifest)]
    return [namespace, *(_fitted(manifest, release, ca, mode, port) for manifest in kept)]


def _is_kept(manifest: Manifest) -> bool:
    kind, name = manifest["kind"], manifest["metadata"]["name"]
    spec = manifest.get("spec", {})
    defined = spec["names"]["kind"] if kind == "CustomResourceDefinition" else kind
    if kind in (*_LEFT_OUT, "Namespace") or _OTHER_KIND.match(defined):
        return False
    if _OTHER_GROUP.search(spec.get("group", "")) or _OTHER_NAME.search(name):
        return False
    hooks = manifest.get("webhooks", [])
    services = [str(hook["clientConfig"]["service"]["name"]) for hook in hooks]
    return all(service == _WEBHOOK_SERVICE for service in services)


def _fitted(manifest: Manifest, release: Release, ca: Path, mode: str, port: int) -> Manifest:
    fitted = copy.deepcopy(manifest)
    kind = fitted["kind"]
    if kind == "CustomResourceDefinition":
        return _fitted_crd(fitted)
    if kind.endswith("WebhookConfiguration"):
        return _fitted_webhooks(fitted, ca, port)
    if kind in ("Deployment", "StatefulSet"):
        return _fitted_workload(fitted, release)
    if fitted["metadata"]["name"] == "inferenceservice-config" and mode != SERVERLESS:
        return _fitted_config(fitted, mode)
    return fitted


def _fitted_crd(crd: Manifest) -> Manifest:
    """The API server refuses a creation time of null, and cannot reach a converter."""
    crd["metadata"].pop("creationTimestamp", None)
    crd["spec"].pop("conversion", None)
    crd.pop("status", None)
    return crd


def _fitted_webhooks(configuration: Manifest, ca: Path, port: int) -> Manifest:
    for webhook in configuration["webhooks"]:
        path = webhook["clientConfig"]["service"]["path"]
        url = f"https://{HOST}:{port}{path}"
        webhook["clientConfig"] = {"url": url, "caBundle": encoded(ca)}
    return configuration


def _fitted_workload(workload: Manifest, release: Release) -> Manifest:
    for container in workload["spec"]["template"]["spec"]["containers"]:
        container["image"] = _IMAGE.sub(rf"\1:v{release.version}", container["image"])
    return workload


def _fitted_config(config: Manifest, mode: str) -> Manifest:
    changes = {
        "deploy": {"defaultDeploymentMode": mode},
        "ingress": {"disableIngressCreation": True},
    }
    for key, change in changes.items():
        value = json.loads(config["data"][key]) | change
        config["data"][key] = json.dumps(value, indent=2)
    return config
