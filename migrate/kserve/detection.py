"""Which release runs: what was said, what the controller's image says, what else tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from migrate.kserve.fingerprint import Fit, from_labels
from migrate.kserve.releases import Release, detect, parse_release
from migrate.kserve.rules import Rules
from migrate.kserve.table import NEWEST, is_known, rules_for


class Detected(msgspec.Struct, frozen=True):
    """The release that is taken for the running one, and by what it is told.

    ``doubts`` say why it may be another one: good enough to read by, not to write by.
    """

    release: Release | None
    source: str
    doubts: tuple[str, ...] = ()

    @property
    def rules(self) -> Rules | None:
        """The rules of the release; None where it is not known."""
        return rules_for(self.release) if self.release else None


def detect_release(
    asked: str,
    images: Sequence[str],
    fit: Callable[[], Fit],
    labels: Iterable[Mapping[str, str]] = (),
) -> Detected:
    """Return the release: ``asked``, else that of the images, else what ``fit`` tells.

    ``labels`` are those of the controllers: where they name a release that fits, it is that
    one. ``fit`` is asked only where the others say nothing: it reads much. Raise
    ReleaseFormatError where ``asked`` is no release.
    """
    if asked:
        return _checked(parse_release(asked), "--kserve-version", asked=True)
    if (found := detect(images)) is not None:
        return _checked(found, "the controller's image")
    return _fitted(fit(), {from_labels(each) for each in labels})


def _checked(release: Release, source: str, *, asked: bool = False) -> Detected:
    if is_known(release) or asked or rules_for(release) is None:
        return Detected(release, source)
    doubt = f"KServe {release} is newer than 0.{NEWEST}, the newest that is known"
    return Detected(release, source, (doubt,))


def _fitted(fit: Fit, labelled: AbstractSet[str | None]) -> Detected:
    fits = fit.likely
    for named in labelled if len(labelled) == 1 else ():
        if named is not None and named.rpartition(".")[0] in fit.releases:
            return Detected(parse_release(named), "labels of its controller", fit.doubts)
    if not fits:
        return Detected(None, "nothing tells", fit.doubts)
    doubts = list(fit.doubts)
    if len(fit.releases) > 1:
        firm = f"CRDs and controller fit KServe {', '.join(fit.releases)}"
        doubts.append(f"{firm}; by its ConfigMap {fits[-1]} is assumed")
    return Detected(parse_release(fits[-1]), "its CRDs and its ConfigMap", tuple(doubts))
