"""The testbed's own small client of the Kubernetes API: manifests in, manifests out.

Not kmigrate's client, so that a fault there cannot hide itself in the tests.
"""

import base64
import json
import ssl
from collections.abc import Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3
import yaml

Manifest = dict[str, Any]

JSON = "application/json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
USER_AGENT = "kmigrate-testbed"
_WORKERS = 16
# A kind is "(re)initializing" for a moment after its CRD was changed, and says when to ask again.
_PATIENCE = urllib3.Retry(
    total=None,
    connect=False,
    read=False,
    other=False,
    redirect=False,
    status=20,
    status_forcelist=[429],
    allowed_methods=None,
    raise_on_status=False,
)


class ApiError(RuntimeError):
    """The API server refused; ``status`` is the HTTP code."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Api:
    """One user's access to one API server; may be used by several threads at once.

    With ``token`` (and a kubeconfig without a certificate) the user is the token's owner.
    """

    def __init__(
        self, kubeconfig: Path, user_agent: str = USER_AGENT, token: str | None = None
    ) -> None:
        self.server, tls = read_kubeconfig(kubeconfig)
        headers = {"User-Agent": user_agent}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._pool = urllib3.PoolManager(
            ssl_context=tls, maxsize=_WORKERS, retries=_PATIENCE, headers=headers
        )
        self._plurals: dict[tuple[str, str], tuple[str, bool]] = {}

    def close(self) -> None:
        """Close its connections."""
        self._pool.clear()

    def request(
        self, method: str, path: str, body: Manifest | None = None, content_type: str = JSON
    ) -> Manifest:
        """Send one request to ``path`` and return the decoded answer; raises ApiError."""
        headers = {**self._pool.headers, "Content-Type": content_type}
        data = None if body is None else json.dumps(body).encode()
        answer = self._pool.request(method, self.server + path, body=data, headers=headers)
        if answer.status >= 300:
            raise ApiError(answer.status, f"{method} {path}: {_message(answer.data)}")
        content: Manifest = json.loads(answer.data)
        return content

    def is_ready(self) -> bool:
        """Whether the API server says that it serves."""
        try:
            return self._pool.request("GET", f"{self.server}/readyz", timeout=2).status == 200
        except (urllib3.exceptions.HTTPError, OSError):
            return False

    def get(self, api_version: str, kind: str, name: str, namespace: str = "") -> Manifest | None:
        """Return the object, or None if there is none (or no such kind yet)."""
        try:
            return self.request("GET", self.path(api_version, kind, namespace, name))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def get_same(self, manifest: Manifest) -> Manifest | None:
        """Return the object that ``manifest`` names as it is now, or None."""
        metadata = manifest["metadata"]
        name, namespace = metadata["name"], metadata.get("namespace", "")
        return self.get(manifest["apiVersion"], manifest["kind"], name, namespace)

    def list(
        self, api_version: str, kind: str, namespace: str = "", labels: str = ""
    ) -> list[Manifest]:
        """Return all objects of a kind; without ``namespace``, those of all namespaces."""
        query = f"?{urlencode({'labelSelector': labels})}" if labels else ""
        found = self.request("GET", self.path(api_version, kind, namespace) + query)
        items: list[Manifest] = found["items"]
        return [{"apiVersion": api_version, "kind": kind, **item} for item in items]

    def watch(
        self, api_version: str, kind: str, namespace: str, labels: str, seconds: int
    ) -> Generator[Manifest]:
        """Begin a watch of ``seconds``; yields its events, one for each object there is first."""
        query = urlencode({"labelSelector": labels, "watch": 1, "timeoutSeconds": seconds})
        url = f"{self.server}{self.path(api_version, kind, namespace)}?{query}"
        return _events(self._pool.request("GET", url, preload_content=False), url)

    def create(self, manifest: Manifest) -> Manifest:
        """Create an object; raises ApiError 409 if it exists."""
        return self.request("POST", self._path_of(manifest).rpartition("/")[0], manifest)

    def apply(self, manifest: Manifest, manager: str = "install") -> Manifest:
        """Server-side apply, taking over fields that others own."""
        query = urlencode({"fieldManager": manager, "force": "true"})
        return self.request("PATCH", f"{self._path_of(manifest)}?{query}", manifest, APPLY)

    def apply_all(self, manifests: Iterable[Manifest]) -> None:
        """Apply objects that do not need one another, several at a time."""
        with ThreadPoolExecutor(_WORKERS) as workers:
            for _ in workers.map(self.apply, manifests):
                pass

    def replace(self, manifest: Manifest) -> Manifest:
        """Make the object exactly what ``manifest`` says, creating it if need be."""
        live = self.get_same(manifest)
        if live is None:
            return self.create(manifest)
        metadata = manifest["metadata"] | {"resourceVersion": live["metadata"]["resourceVersion"]}
        return self.request("PUT", self._path_of(manifest), manifest | {"metadata": metadata})

    def patch(
        self,
        manifest: Manifest,
        change: Manifest,
        content_type: str = MERGE,
        subresource: str = "",
    ) -> Manifest:
        """Patch the object that ``manifest`` names; merge patch unless told otherwise."""
        path = self._path_of(manifest) + (f"/{subresource}" if subresource else "")
        return self.request("PATCH", path, change, content_type)

    def delete(self, manifest: Manifest) -> None:
        """Delete the object that ``manifest`` names; one that is not there is no error."""
        try:
            self.request("DELETE", self._path_of(manifest))
        except ApiError as error:
            if error.status != 404:
                raise

    def path(self, api_version: str, kind: str, namespace: str = "", name: str = "") -> str:
        """Return the URL path of an object, or without ``name`` of its collection."""
        plural, namespaced = self._plural(api_version, kind)
        inside = f"/namespaces/{namespace}" if namespaced and namespace else ""
        return f"{_root(api_version)}{inside}/{plural}" + (f"/{name}" if name else "")

    def _path_of(self, manifest: Manifest) -> str:
        metadata = manifest["metadata"]
        namespace = metadata.get("namespace", "default")
        return self.path(manifest["apiVersion"], manifest["kind"], namespace, metadata["name"])

    def _plural(self, api_version: str, kind: str) -> tuple[str, bool]:
        if (api_version, kind) not in self._plurals:
            for resource in self.request("GET", _root(api_version))["resources"]:
                if "/" not in resource["name"]:
                    known = resource["name"], resource["namespaced"]
                    self._plurals[api_version, resource["kind"]] = known
        if (api_version, kind) not in self._plurals:
            raise ApiError(404, f"the server does not know the kind {kind} of {api_version}")
        return self._plurals[api_version, kind]


def read_kubeconfig(path: Path) -> tuple[str, ssl.SSLContext]:
    """Return the server's address and a TLS context with the user's certificate."""
    content = yaml.safe_load(path.read_text())
    cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
    context = ssl.create_default_context(cafile=cluster["certificate-authority"])
    if "client-certificate" in user:
        context.load_cert_chain(user["client-certificate"], user["client-key"])
    return cluster["server"], context


def basic_object(
    api_version: str, kind: str, name: str, namespace: str = "", **rest: Any
) -> Manifest:
    """Return a manifest with its four usual fields filled in, and ``rest`` beside them."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest}


def is_true(manifest: Manifest, condition: str) -> bool:
    """Whether the status of an object has ``condition`` with the value True."""
    conditions = manifest.get("status", {}).get("conditions") or []
    return any(c["type"] == condition and c["status"] == "True" for c in conditions)


def encoded(path: Path) -> str:
    """Return a file's bytes in base64, as ``caBundle`` and Secrets want them."""
    return base64.b64encode(path.read_bytes()).decode()


def _events(answer: urllib3.BaseHTTPResponse, url: str) -> Generator[Manifest]:
    try:
        if answer.status >= 300:
            raise ApiError(answer.status, f"watch {url}: {_message(answer.data)}")
        for line in answer:
            yield json.loads(line)
    finally:
        answer.close()


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _message(data: bytes) -> str:
    try:
        content: Mapping[str, Any] = json.loads(data)
    except ValueError:
        return data.decode(errors="replace")[:500]
    return str(content.get("message", content))
