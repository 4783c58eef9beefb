"""What an upgrade did to a service, judged by what its owner chose."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from tests.upgrades.images import Images, image_now
from tests.upgrades.walk import REGISTRY
from tests.upgrades.walking import Passed


class Verdict(StrEnum):
    """From the best to the worst. The first two leave the choice of the owner as it was."""

    SAME = "the same image"
    RELEASED = "the next tag of the stock image"
    SERVER = "another server's stock image"
    LOST = "override lost"
    LOST_SERVER = "override lost, another server"
    MANGLED = "an image without a name"
    NONE = "no image"


FINE = (Verdict.SAME, Verdict.RELEASED)


def verdict(before: str, after: str) -> Verdict:
    """Judge one service. Who set nothing follows the release; who set an image stays on it."""
    if not after:
        return Verdict.NONE
    if after.startswith(":"):
        return Verdict.MANGLED
    if before == after:
        return Verdict.SAME
    is_same_server = server(before) == server(after)
    if before.startswith(REGISTRY):
        return Verdict.LOST if is_same_server else Verdict.LOST_SERVER
    return Verdict.RELEASED if is_same_server else Verdict.SERVER


def verdicts(passed: Passed) -> Mapping[str, Verdict]:
    """Judge everybody who was there before the step."""
    was, now = image_now(passed.before), image_now(passed.after)
    return {name: verdict(image, now.get(name, "")) for name, image in was.items()}


def broken(passed: Passed) -> dict[str, Verdict]:
    """Return whom the step moved off what its owner chose."""
    return {name: one for name, one in verdicts(passed).items() if one not in FINE}


def left(found: Images) -> dict[str, str]:
    """Return who has a second workload that KServe wrote and no longer looks at: its name."""
    return {name: each[1].name for name, each in found.items() if len(each) > 1}


def server(image: str) -> str:
    """Return the last part of the repository of an image."""
    return image.rpartition("/")[2].partition(":")[0]
