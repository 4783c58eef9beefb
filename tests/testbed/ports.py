"""Free TCP ports on loopback."""

import random
import socket

HOST = "127.0.0.1"
# Below the range the kernel hands out for outgoing connections, which could take one meanwhile.
_CANDIDATES = range(20000, 32000)
_given: set[int] = set()


def is_free(port: int) -> bool:
    """Whether a server could listen on ``port`` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Whether somebody listens on ``port``."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def free_port() -> int:
    """Return a port that is free and that this process was not given before."""
    port = random.choice([p for p in _CANDIDATES if p not in _given])
    _given.add(port)
    return port if is_free(port) else free_port()
