"""Fixed ports that programs of the testbed insist on: one testbed has them at a time."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from tests.testbed.ports import is_free
from tests.testbed.waiting import WaitTimeoutError, wait_until


class PortTakenError(RuntimeError):
    """Another testbed, or another program, has a port that ours cannot do without."""


@contextmanager
def claimed_port(port: int, who: str) -> Iterator[None]:
    """Keep other testbeds off ``port`` while this one may use it for the program ``who``.

    Raises PortTakenError if it is taken, at once or after $KMIGRATE_TESTBED_WAIT seconds.
    """
    patience = float(os.environ.get("KMIGRATE_TESTBED_WAIT", "0"))
    with socket.socket(socket.AF_UNIX) as claim:
        try:
            wait_until(lambda: _try_claim(claim, port), patience, f"port {port}")
            wait_until(lambda: is_free(port), patience, f"port {port}")
        except WaitTimeoutError:
            raise PortTakenError(
                f"port {port} is taken, most likely by another test run or testbed on this"
                f" machine, and {who} can use no other; end what holds it, or set"
                " KMIGRATE_TESTBED_WAIT to the seconds to wait for it"
            ) from None
        yield


def _try_claim(claim: socket.socket, port: int) -> bool:
    """Take a name without a file: it is as wide as the port itself, and ends with its owner."""
    try:
        claim.bind(f"\0kmigrate-testbed-port-{port}")
    except OSError:
        return False
    return True
