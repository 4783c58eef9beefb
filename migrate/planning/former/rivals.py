"""Former images that meet in one runtime: which of them it gets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from migrate.kserve import terms
from migrate.kserve.predictors import PROTOCOLS
from migrate.kserve.services import InferenceService, format_of, has_gpu
from migrate.planning.former.former import Way
from migrate.planning.former.inferring import repository_of
from migrate.planning.model.desired import Desired
from migrate.planning.model.plan import ImageRow


def settled(ways: Sequence[Way]) -> list[Way]:
    """Make one wish of all that are for one runtime, and give up those that it cannot fulfil.

    What was set in the runtime itself comes before what was set in `predictors`. Where all services
    of an entry have a pin, that replaces the tag: then only the repository has to be the same.
    """
    by_runtime: dict[str, list[Way]] = {}
    for way in ways:
        for wish in way.wishes:
            if wish.runtime:
                by_runtime.setdefault(wish.runtime, []).append(way)
    one = {name: _one_for(name, found) for name, found in by_runtime.items()}
    return [_agreed(way, one) for way in ways]


def _one_for(runtime: str, ways: Sequence[Way]) -> Desired:
    """Return the one wish for a runtime, without an image where its entries have several."""
    own = next((w for way in ways if way.former.runtime for w in way.wishes), None)
    wish = own or Desired(runtime=runtime)
    if wish.image:
        return wish
    entries = [(way, w.image) for way in ways for w in way.wishes if w.runtime == runtime]
    free = {image for way, image in entries if image and not way.is_pinned}
    pinned = {image for way, image in entries if image and way.is_pinned}
    is_one = len(free) == 1 or (not free and len(set(map(repository_of, pinned))) == 1)
    return msgspec.structs.replace(wish, image=max(free or pinned)) if is_one else wish


def _agreed(way: Way, one: Mapping[str, Desired]) -> Way:
    """Return a way with the wish for its runtimes, or with why there is none."""
    kept, given_up = list[Desired](), way.why
    for wish in way.wishes:
        chosen = one[wish.runtime] if wish.runtime else wish
        if way.former.runtime or _fits(way, wish, chosen):
            kept.append(chosen)
        else:
            had = f"it comes back with {chosen.image}" if chosen.image else "others had others"
            given_up = f"its services share runtime {wish.runtime}, and {had}"
    return msgspec.structs.replace(way, wishes=tuple(kept), why=given_up)


def _fits(way: Way, wish: Desired, chosen: Desired) -> bool:
    if wish.image == chosen.image:
        return True
    return way.is_pinned and repository_of(wish.image) == repository_of(chosen.image)


def twins(wishes: Iterable[Desired], today: Mapping[str, ImageRow]) -> Iterator[Desired]:
    """Yield what wishes for GPUs alone need: `predictors` have one repository for both tags.

    Services without a GPU keep their tag. ``today`` are the images of now, by entry.
    """
    asked = {str(wish): wish for wish in wishes}
    for name, wish in asked.items():
        plain = name.removesuffix("/gpu")
        row = today.get(plain)
        repository = repository_of(wish.image)
        if wish.gpu and plain not in asked and row and repository_of(row.image) != repository:
            tag = row.image.removeprefix(repository_of(row.image))
            image = f"{repository}{tag or ':latest'}"
            yield msgspec.structs.replace(wish, gpu=False, image=image)


def entry_like(service: InferenceService, key: str) -> tuple[str, str, bool]:
    """Return the entry of `predictors` that a service like this follows, by format and protocol.

    ``key`` is taken over where the protocol does not tell: pytorch has two that mean none.
    """
    format_, predictor = format_of(service), service.spec.predictor
    spec = predictor.model or getattr(predictor, format_)
    protocol = PROTOCOLS[spec.protocol_version == terms.PROTOCOL_V2]
    by_protocol = format_ in (terms.SKLEARN, terms.XGBOOST)
    gpu = format_ in terms.GPU_FORMATS and has_gpu(spec)
    return format_, protocol if by_protocol else key, gpu
