"""The KServe releases the testbed can run, and in what their control planes differ."""

from dataclasses import dataclass

SERVERLESS = "Serverless"
STANDARD = "Standard"
RAW = "RawDeployment"


@dataclass(frozen=True)
class Release:
    """What to know about one release before installing it.

    ``manifests`` names the folder of released install manifests; where none was published for the
    very release, the nearest one's are used and the image tag is rewritten. ``workload`` is the
    kind that owns the controller's pod.
    """

    version: str
    manifests: str
    workload: str
    mode: str
    health_flag: bool

    @property
    def image(self) -> str:
        return f"kserve/kserve-controller:v{self.version}"

    @property
    def port_flag(self) -> bool:
        """Whether the manager can be told the port of its webhooks (cmd/manager/main.go)."""
        return tuple(map(int, self.version.split("."))) >= (0, 10)


def _release(
    version: str, mode: str, manifests: str = "", workload: str = "Deployment", *, health: bool
) -> Release:
    return Release(version, manifests or f"v{version}", workload, mode, health)


RELEASES: dict[str, Release] = {
    release.version: release
    for release in (
        _release("0.7.0", SERVERLESS, workload="StatefulSet", health=False),
        _release("0.8.0", SERVERLESS, workload="StatefulSet", health=False),
        _release("0.9.0", SERVERLESS, health=False),
        _release("0.10.2", SERVERLESS, "v0.10.1", health=False),
        _release("0.11.2", RAW, "v0.11.1", health=False),
        _release("0.12.1", RAW, health=True),
        _release("0.13.1", RAW, "v0.13.0-rc0", health=True),
        _release("0.14.1", RAW, "v0.14.0", health=True),
        _release("0.15.2", RAW, health=True),
        _release("0.16.0", STANDARD, health=True),
        _release("0.17.0", STANDARD, health=True),
        _release("0.19.0", STANDARD, health=True),
        _release("0.20.0", STANDARD, health=True),
    )
}
