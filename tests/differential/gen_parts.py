"""Parts of containers and pods that runtimes and services are made of, awkward ones included."""

from collections.abc import Callable
from typing import Any

from tests.differential.dice import Dice
from tests.differential.shapes import Manifest

_PLACES = ("reg.example:5000/team/", "reg.example/kserve/", "mirror.example:443/a/b/", "")
_SERVERS = ("sklearnserver", "mlserver", "tensorflow/serving", "vllm-openai", "server")
_ENDS = {
    ":1.2.3": 30,
    ":v9": 20,
    "": 14,
    ":2.0-gpu": 8,
    ":latest": 6,
    f"@sha256:{'ab' * 32}": 12,
    f":1@sha256:{'cd' * 32}": 6,
    ":A_b.c-1": 4,
}
ENV_NAMES = (
    "MLSERVER_MODEL_NAME",
    "MLSERVER_MODEL_URI",
    "MLSERVER_HTTP_PORT",
    "MLSERVER_MODEL_IMPLEMENTATION",
    "MLSERVER_LOAD_MODELS_AT_STARTUP",
    "PROTOCOL_VERSION",
    "TS_SERVICE_ENVELOPE",
    "HF_HOME",
    "A",
    "B",
    "C_1",
)
_PLACEHOLDERS = (
    "{{.Name}}",
    "{{.Namespace}}",
    "{{.Labels.team}}",
    "{{.Labels.modelClass}}",
    "{{.Annotations.note}}",
    "{{ .Annotations.note }}",
    "{{index .Annotations `team.example/key`}}",
    "{{.Labels.missing}}",
    "--name={{.Name}}--in={{.Namespace}}",
)
PROGRAMS = (
    "{{ .Name | printf `%s-x` }}",
    "{{if .Labels.team}}with{{else}}without{{end}}",
    "{{with .Annotations}}{{index . `note`}}{{end}}",
    "{{/* nothing */}}x",
    "{{len .Name}}",
    "{{.GenerateName}}|{{.Generation}}",
    "{{.Name}} {{- .Namespace}}",
)
# Quotes inside a template are escaped before it is read.
_BROKEN = (
    "{{",
    '{{.Name | printf "%s-x"}}',
    "{{.Foo}}",
    "}}",
    "{{.Name",
    "{{.Labels.a-b}}",
    "{{template}}",
    "{{.Name.x}}",
)
_WORDS = ("1", "x", "", "a b", "a&b", "<b>", "it's", 'say "hi"', "1+1", "$(A)", "ü", "true")


def image(dice: Dice) -> str:
    """An image of some registry that there is not, now and then none."""
    if dice.chance(2):
        return ""
    return dice.pick(_PLACES) + dice.pick(_SERVERS) + str(dice.weighed(_ENDS))


def text(dice: Dice) -> str:
    """A value for an argument or a variable, now and then with a template in it."""
    kinds = {_WORDS: 58, _PLACEHOLDERS: 36, PROGRAMS: 5, _BROKEN: 0.6}
    return str(dice.pick(dice.weighed(kinds)))


def env(dice: Dice) -> list[Manifest]:
    """Variables, mostly with names that others use as well."""
    names = dice.some(ENV_NAMES, 1, 4)
    if dice.chance(5):
        names.append(names[0])
    return [_variable(dice, name) for name in names]


def _variable(dice: Dice, name: str) -> Manifest:
    if dice.chance(12):
        return {"name": name, "valueFrom": dice.pick(_SOURCES)}
    return {"name": name, "value": text(dice)}


_SOURCES: tuple[Manifest, ...] = (
    {"fieldRef": {"fieldPath": "metadata.name"}},
    {"secretKeyRef": {"name": "keys", "key": "token"}},
    {"configMapKeyRef": {"name": "settings", "key": "mode", "optional": True}},
)


def args(dice: Dice) -> list[str]:
    """Arguments as a user would add them."""
    return [f"--flag-{number}={text(dice)}" for number in range(dice.between(1, 3))]


def command(dice: Dice) -> list[str]:
    """A command that replaces the image's own."""
    return dice.pick((["python", "-m", "server"], ["/bin/sh", "-c", text(dice)], ["serve"]))


_AMOUNTS: tuple[Manifest, ...] = (
    {"limits": {"nvidia.com/gpu": "1"}},
    {"limits": {"nvidia.com/gpu": "2"}, "requests": {"nvidia.com/gpu": "2"}},
    {"requests": {"nvidia.com/gpu": "1"}},
    {"limits": {"nvidia.com/gpu": "0"}},
    {"limits": {"nvidia.com/mig-1g.5gb": "1"}},
    {"limits": {"amd.com/gpu": "1"}},
    {"limits": {"cpu": "2", "memory": "4Gi"}},
    {"requests": {"cpu": "100m"}},
    {"limits": {"cpu": "500m"}, "requests": {"cpu": "0.5", "memory": "1G"}},
    {"limits": {"cpu": 2, "nvidia.com/gpu": 1}},
    {},
)


def resources(dice: Dice) -> Manifest:
    """Limits and requests, graphics cards among them."""
    return dict(dice.pick(_AMOUNTS))


_PORTS: tuple[list[Manifest], ...] = (
    [{"containerPort": 8080, "protocol": "TCP"}],
    [{"containerPort": 8080, "name": "http1", "protocol": "TCP"}],
    [{"containerPort": 9000, "name": "h2c", "protocol": "TCP"}],
    [{"containerPort": 8080, "protocol": "TCP"}, {"containerPort": 8082, "protocol": "TCP"}],
    [{"containerPort": 8500, "name": "grpc", "protocol": "TCP"}],
    [{"containerPort": 8080}],
)
_MOUNTS: tuple[list[Manifest], ...] = (
    [{"name": "cache", "mountPath": "/cache"}],
    [{"name": "cache", "mountPath": "/dev/shm", "readOnly": True}],
    [{"name": "other", "mountPath": "/cache"}, {"name": "cache", "mountPath": "/more"}],
)
_VOLUMES: tuple[list[Manifest], ...] = (
    [{"name": "cache", "emptyDir": {}}],
    [{"name": "cache", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}],
    [{"name": "other", "emptyDir": {}}, {"name": "cache", "configMap": {"name": "settings"}}],
    [{"name": "devshm", "emptyDir": {"medium": "Memory"}}],
)
_PROBES: tuple[Manifest, ...] = (
    {"httpGet": {"path": "/v2/health/live", "port": 8080}},
    {"tcpSocket": {"port": 9000}, "initialDelaySeconds": 5},
    {"exec": {"command": ["cat", "{{.Name}}"]}, "periodSeconds": 3, "failureThreshold": 7},
)
_SECURITY: tuple[Manifest, ...] = (
    {"runAsUser": 1000},
    {"runAsNonRoot": False, "capabilities": {"add": ["NET_ADMIN"]}},
    {"privileged": False, "allowPrivilegeEscalation": True},
)

# What can be in a container, and how often in a hundred it is, in a service.
_CONTAINER: dict[str, tuple[float, Callable[[Dice], Any]]] = {
    "image": (14, image),
    "env": (32, env),
    "args": (24, args),
    "command": (7, command),
    "resources": (32, resources),
    "ports": (14, lambda dice: dice.pick(_PORTS)),
    "volumeMounts": (9, lambda dice: dice.pick(_MOUNTS)),
    "readinessProbe": (6, lambda dice: dice.pick(_PROBES)),
    "livenessProbe": (6, lambda dice: dice.pick(_PROBES)),
    "securityContext": (6, lambda dice: dice.pick(_SECURITY)),
    "imagePullPolicy": (5, lambda dice: dice.pick(("Always", "IfNotPresent"))),
    "workingDir": (3, lambda _: "/work"),
    "name": (4, lambda dice: dice.pick(("kserve-container", "mine", ""))),
    "envFrom": (3, lambda _: [{"configMapRef": {"name": "settings"}}]),
    "terminationMessagePath": (2, lambda _: "/dev/end"),
    "lifecycle": (2, lambda _: {"preStop": {"exec": {"command": ["sleep", "{{.Name}}"]}}}),
}

_TOLERATION = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
_AFFINITY_TERMS = [{"matchExpressions": [{"key": "gpu", "operator": "In", "values": ["a100"]}]}]
_NODES = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": _AFFINITY_TERMS}}
_POD: dict[str, tuple[float, Callable[[Dice], Any]]] = {
    "nodeSelector": (9, lambda dice: {"disk": dice.pick(("ssd", "hdd")), "zone": "z"}),
    "tolerations": (9, lambda dice: [_TOLERATION | {"key": dice.pick(("a", "nvidia.com/gpu"))}]),
    "affinity": (4, lambda _: {"nodeAffinity": _NODES}),
    "volumes": (10, lambda dice: dice.pick(_VOLUMES)),
    "imagePullSecrets": (9, lambda dice: [{"name": n} for n in dice.some(("p", "q", "r"), 1, 2)]),
}


def container(dice: Dice, factor: float = 1) -> Manifest:
    """Fields of a container; ``factor`` makes all of them more or less frequent."""
    return _chosen(dice, _CONTAINER, factor)


def pod(dice: Dice, factor: float = 1) -> Manifest:
    """Fields of a pod that runtimes and services both have."""
    return _chosen(dice, _POD, factor)


def _chosen(
    dice: Dice, table: dict[str, tuple[float, Callable[[Dice], Any]]], factor: float
) -> Manifest:
    return {key: make(dice) for key, (often, make) in table.items() if dice.chance(often * factor)}


def with_volumes(dice: Dice, pod_fields: Manifest, containers: list[Manifest]) -> Manifest:
    """The pod with the volumes that its containers mount, mostly."""
    mounts = [mount["name"] for found in containers for mount in found.get("volumeMounts", [])]
    present = pod_fields.get("volumes", [])
    missing = set(mounts) - {volume["name"] for volume in present}
    if not missing or dice.chance(8):
        return pod_fields
    added = [{"name": name, "emptyDir": {}} for name in sorted(missing)]
    return pod_fields | {"volumes": [*present, *added]}


def labels(dice: Dice) -> dict[str, str]:
    """Labels for objects and pods."""
    keys = dice.some(("team", "modelClass", "serviceEnvelope", "team.example/l", "app"), 1, 2)
    return {key: dice.pick(("red", "v1.2_3", "", "mlserver.X")) for key in keys}


def annotations(dice: Dice) -> dict[str, str]:
    """Annotations that mean nothing to KServe, with awkward values."""
    keys = dice.some(("note", "team.example/key", "prometheus.kserve.io/port", "m"), 1, 2)
    return {key: dice.pick((*_WORDS, "{{.Name}}", "a & b < c > d ' \" + e")) for key in keys}
