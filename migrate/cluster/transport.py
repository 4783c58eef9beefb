"""Requests to an API server: one connection pool, credentials that may expire, plain causes."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from email.utils import mktime_tz, parsedate_tz
from threading import Lock
from typing import Any, NamedTuple

import msgspec
import urllib3
from urllib3 import exceptions

from migrate import __version__
from migrate.cluster.answers import Place, Request, error_of, unreachable
from migrate.cluster.pace import Pace
from migrate.objects import Json

JSON = "application/json"

# Who retries must first look at what became of the request: that is the engine, not this.
_NO_RETRY = urllib3.Retry(0)
_FAILURES = (exceptions.HTTPError, OSError)
_REDIRECTS_AND_ERRORS = 300
_UNAUTHORIZED = 401


class Session(NamedTuple):
    """A login: ``authorize`` adds the credentials to the headers of a request.

    ``again`` gives the same login over new connections, and asks nobody for credentials.
    """

    place: Place
    pool: urllib3.PoolManager
    authorize: Callable[[urllib3.HTTPHeaderDict], None]
    again: Callable[[], Session]


class Answer(NamedTuple):
    """An answer with the HTTP status, of whatever kind.

    ``retry_after``: seconds that it wants to pass before the next try.
    """

    status: int
    body: bytes
    retry_after: float = 0.0


class Call(NamedTuple):
    """A request on the wire; ``about`` says the same in the words of people."""

    about: Request
    method: str
    path: str
    body: Json = None
    body_type: str = JSON


class Transport:
    """Sends requests with the credentials of ``log_in``. Safe for several threads.

    Where they are refused, ``log_in`` is called once more and the request sent again.
    ``timeout`` is in seconds, for connecting and for each wait on the answer. Every request
    waits for its turn in the ``pace``. ``has_answered``: the server is there.
    """

    def __init__(
        self,
        log_in: Callable[[], Session],
        timeout: float,
        pace: Pace | None = None,
        *,
        has_answered: bool = False,
    ) -> None:
        self._log_in = log_in
        self._pace = pace or Pace()
        self._session = log_in()
        self._seconds = timeout
        self._timeout = urllib3.Timeout(connect=timeout, read=timeout)
        self._lock = Lock()
        self._has_answered = has_answered

    @property
    def place(self) -> Place:
        """The context and the server."""
        return self._session.place

    def apart(self) -> Transport | None:
        """Return one with the same login and connections of its own, which never logs in.

        None where the requests of a second are counted: two processes would count on their own.
        """
        if self._pace.is_limited:
            return None
        return Transport(self._session.again, self._seconds, has_answered=self._has_answered)

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._session.pool.clear()

    def send(self, call: Call) -> bytes:
        """Return the body of the answer. Raise the ApiError that an error answer means.

        Raise UnreachableError where there is no answer; it ``is_passing`` where there was one
        to an earlier request.
        """
        answer = self._ask(call)
        if answer.status >= _REDIRECTS_AND_ERRORS:
            said = answer.status, answer.body, call.about, self.place
            raise error_of(*said, answer.retry_after)
        return answer.body

    def _ask(self, call: Call) -> Answer:
        session = self._session
        answer = self._once(session, call)
        if answer.status == _UNAUTHORIZED:
            answer = self._once(self._renewed(session), call)
        return answer

    def _renewed(self, refused: Session) -> Session:
        # Many threads meet the same expiry: the first one logs in for all.
        with self._lock:
            if self._session is refused:
                self._session = self._log_in()
                refused.pool.clear()
            return self._session

    def _once(self, session: Session, call: Call) -> Answer:
        headers = urllib3.HTTPHeaderDict({"User-Agent": f"kmigrate/{__version__}", "Accept": JSON})
        headers.update({"Accept-Encoding": "gzip", "Content-Type": call.body_type})
        session.authorize(headers)
        self._pace.wait()
        try:
            answer = session.pool.urlopen(
                call.method,
                session.place.server + call.path,
                body=None if call.body is None else encode(call.body),
                headers=headers,
                timeout=self._timeout,
                retries=_NO_RETRY,
                redirect=False,
            )
        except _FAILURES as error:
            failure = unreachable(_cause(error), call.about, session.place)
            failure.is_passing = self._has_answered
            raise failure from error
        self._has_answered = True
        return Answer(answer.status, answer.data, _retry_after(answer.headers))


def _retry_after(headers: Mapping[str, str]) -> float:
    """Return the seconds of Retry-After (RFC 9110, 10.2.3), 0 where there are none.

    A date is held against the server's own clock, where the answer tells that too.
    """
    said = headers.get("Retry-After", "").strip()
    if said.isdecimal():
        return float(said)
    then = parsedate_tz(said)
    if then is None:
        return 0.0
    date = parsedate_tz(headers.get("Date", ""))
    return max(0.0, mktime_tz(then) - (mktime_tz(date) if date else time.time()))


# A string outside of which these cannot occur in JSON; their escapes as Go writes them.
_ESCAPES = (
    (b"<", rb"\u003c"),
    (b">", rb"\u003e"),
    (b"&", rb"\u0026"),
    ("\u2028".encode(), rb"\u2028"),
    ("\u2029".encode(), rb"\u2029"),
)


def encode(body: Json) -> bytes:
    """Encode a body as Go's ``encoding/json`` spells it.

    The ``test`` of a JSON Patch compares two strings by their bytes in JSON, not by their
    value (github.com/evanphx/json-patch v4.13.0 ``lazyNode.equal``, Kubernetes 1.34): a text
    that holds one of these characters in another spelling is never equal.
    """
    encoded = msgspec.json.encode(body)
    for plain, escaped in _ESCAPES:
        encoded = encoded.replace(plain, escaped)
    return encoded


def _cause(error: BaseException) -> str:
    reason = getattr(error, "reason", None)
    inner = reason if isinstance(reason, BaseException) else error
    for kind, words in _WORDS:
        if isinstance(inner, kind):
            return words(inner)
    return _system(inner)


def _system(error: BaseException) -> str:
    # urllib3 puts the address of an object into its texts; the system's own words are below.
    cause = error.__cause__ or error
    return str(getattr(cause, "strerror", None) or cause).lower()


def _verification(error: BaseException) -> str:
    cause = error.__cause__ or error
    return cause.verify_message if isinstance(cause, ssl.SSLCertVerificationError) else str(cause)


# The first that fits: the library's failures are of many kinds at once.
_WORDS: tuple[tuple[type[BaseException], Callable[[Any], str]], ...] = (
    (exceptions.ProxyError, lambda error: f"the proxy failed: {_cause(error.original_error)}"),
    (exceptions.NameResolutionError, lambda e: f"its name cannot be resolved: {_system(e)}"),
    (exceptions.NewConnectionError, _system),
    (exceptions.TimeoutError, lambda _: "timeout"),
    (exceptions.SSLError, lambda error: f"TLS verification failed: {_verification(error)}"),
    (exceptions.ProtocolError, lambda error: f"the connection was cut: {error.args[-1]}"),
)
