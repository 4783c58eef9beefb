"""The door to the Kubernetes API: how to log in.

The only file that imports ``kubernetes``, which takes 200 ms: commands import this one where
they need it, and never at their top.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from functools import partial
from urllib.parse import urlsplit

import urllib3
from kubernetes import config
from kubernetes.client import ApiClient, Configuration

from migrate.cluster.answers import IN_CLUSTER, Place
from migrate.cluster.apiserver import KubeCluster
from migrate.cluster.kubeconfig import Choice, choose
from migrate.cluster.pace import Pace
from migrate.cluster.transport import Session, Transport
from migrate.errors import UnauthorizedError, UsageError

__all__ = ["KubeCluster", "connect"]

_CONNECTIONS = 64
_BROKEN = (config.ConfigException, ValueError, KeyError, TypeError, AttributeError, OSError)


def connect(
    kubeconfig: str | None = None,
    context: str | None = None,
    *,
    dry_run: bool = False,
    page_size: int = 500,
    request_timeout: float = 30.0,
    qps: int = 0,
) -> KubeCluster:
    """Return the cluster that kubectl would take with the same --kubeconfig and --context.

    Nothing is asked of the API server yet. ``page_size`` is in objects, ``request_timeout``
    in seconds, for connecting and for each wait on an answer, ``qps`` the most requests in a
    second (0: no limit). Raise UsageError where the
    kubeconfig is missing or broken, UnauthorizedError where a credential plugin fails.
    """
    transport = Transport(partial(_log_in, kubeconfig, context), request_timeout, Pace(qps))
    return KubeCluster(transport, dry_run=dry_run, page_size=page_size)


def _log_in(kubeconfig: str | None, context: str | None) -> Session:
    choice = choose(kubeconfig, context)
    settings = Configuration()
    if choice is None:
        _load_in_cluster(context, settings)
    else:
        _load_choice(choice, settings)
    impersonation = choice.impersonation if choice else ()
    return _session(choice.context if choice else IN_CLUSTER, settings, impersonation)


def _load_in_cluster(context: str | None, settings: Configuration) -> None:
    hint = "--kubeconfig FILE"
    if context:
        raise UsageError(f"no context {context!r}: ~/.kube/config is not there", hint)
    try:
        config.load_incluster_config(settings)  # type: ignore[no-untyped-call]
    except (config.ConfigException, OSError) as error:
        nothing = "no kubeconfig: $KUBECONFIG is not set, ~/.kube/config is not there"
        raise UsageError(f"{nothing}, and this is no pod ({error})", hint) from error


def _load_choice(choice: Choice, settings: Configuration) -> None:
    with _overheard() as complaints:
        try:
            _load(choice, settings)
        except _BROKEN as error:
            raise UsageError(f"context {choice.context!r} of {choice.origin}: {error}") from error
    # The library logs the failure of a plugin and goes on as system:anonymous.
    if choice.plugin and not (settings.api_key or settings.cert_file):
        what = f"context {choice.context!r}: the credential plugin {choice.plugin!r} failed"
        raise UnauthorizedError(": ".join([what, *complaints]), choice.plugin)
    if "proxy-url" not in choice.cluster and _is_local(settings.host):
        settings.proxy = None


def _load(choice: Choice, settings: Configuration) -> None:
    name = choice.context
    if choice.refreshes:
        # Only from the files themselves can the library write a rotated token back to them.
        config.load_kube_config(choice.origin, name, settings)  # type: ignore[no-untyped-call]
    else:
        load = config.load_kube_config_from_dict
        load(choice.config, name, settings)  # type: ignore[no-untyped-call]


def _session(
    context: str, settings: Configuration, impersonation: tuple[tuple[str, str], ...]
) -> Session:
    settings.connection_pool_maxsize = _CONNECTIONS
    if not settings.verify_ssl:
        # Whoever set insecure-skip-tls-verify knows; a line for every request tells nothing.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    client = ApiClient(settings)
    place = Place(context, settings.host)
    authorize = partial(_authorize, client, impersonation)
    again = partial(_again, context, settings, impersonation)
    return Session(place, client.rest_client.pool_manager, authorize, again)


def _again(
    context: str, settings: Configuration, impersonation: tuple[tuple[str, str], ...]
) -> Session:
    same = copy(settings)
    # It may run a credential plugin, which may ask a person: one process does.
    same.refresh_api_key_hook = None
    return _session(context, same, impersonation)


def _authorize(
    client: ApiClient,
    impersonation: tuple[tuple[str, str], ...],
    headers: urllib3.HTTPHeaderDict,
) -> None:
    for name, value in impersonation:
        headers.add(name, value)
    client.update_params_for_auth(headers, [], ["BearerToken"], "", "", None)
    if "authorization" in headers:
        # The newline at the end of a token file is none of the token.
        headers["authorization"] = headers["authorization"].strip()


def _is_local(server: str) -> bool:
    # Like kubectl: a proxy of the environment is not for this machine.
    try:
        host = urlsplit(server).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def _overheard() -> Iterator[list[str]]:
    said: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    try:
        yield said
    finally:
        logging.getLogger().removeHandler(handler)
