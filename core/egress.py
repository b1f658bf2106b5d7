"""The only way out: fetch() asks one address on the public internet, and nothing inside the house (platform.md §4)."""

from __future__ import annotations

import http.client
import queue
import re
import socket
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import current_app

from core.clock import monotonic
from core.db import in_transaction
from core.errors import PolydeskError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from core.config import Config

BUDGET_SECONDS, ANSWER_LIMIT, URL_LIMIT = 10.0, 64 * 1024, 2000
PORTS = frozenset({443, 8443})
NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*\.?")
HOME = frozenset({"localhost", "localhost.localdomain", "ip6-localhost"})
NO_URL = re.compile(r"[\x00-\x20\x7f\\]")
OWN_HEADERS = frozenset({"host", "connection", "content-length", "transfer-encoding"})
WRAPS = tuple(map(IPv6Network, ("::ffff:0:0/96", "64:ff9b::/96", "::/96")))
NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")


class EgressRefused(PolydeskError):
    """The address may not be asked; `data["reason"]` names why ("scheme", "host", "port", "userinfo", "address")."""

    code = "egress-refused"
    status = 422

    def __init__(self, reason: str, words: str) -> None:
        super().__init__(words, reason=reason)


class EgressFailed(PolydeskError):
    """The address could be asked and gave no answer that we take: no name, no connection, too slow, too large."""

    code = "egress-failed"
    status = 502


@dataclass(frozen=True)
class Answer:
    """What came back: any status (redirects are not followed), headers by lower-case name, at most 64 KB of body."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class _Target:
    scheme: str
    host: str
    port: int
    path: str
    trusted: bool


def fetch(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    timeout: float = BUDGET_SECONDS,
) -> Answer:
    """Ask `url` once, within `timeout` seconds (10 at most) from the look-up of the name to the last byte.

    https to a name whose every address is public, on port 443 or 8443; hosts on the operator's POLYDESK_EGRESS_ALLOW
    ("127.0.0.1,relay.example:8025") also by http, on any port and wherever they are. Raises EgressRefused, and
    EgressFailed when no proper answer came. Never inside a transaction: nobody may wait for a stranger with a lock.
    """
    if in_transaction():
        raise RuntimeError(
            "fetch() inside a transaction: others would wait for a stranger's answer"
        )
    target = check(url)
    deadline = monotonic() + min(timeout, BUDGET_SECONDS)
    addresses = _addresses(target, deadline)
    sent = {
        name: value for name, value in (headers or {}).items() if name.lower() not in OWN_HEADERS
    }
    defaults = {"User-Agent": "Polydesk", "Accept-Encoding": "identity", "Connection": "close"}
    connection = _Connection(target, addresses, deadline)
    with _watched(connection):
        connection.request(method, target.path, body=body or None, headers=defaults | sent)
        response = connection.getresponse()
        content = response.read(ANSWER_LIMIT + 1)
    if len(content) > ANSWER_LIMIT:
        raise EgressFailed("the answer is larger than 64 KB")
    return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, content)


@contextmanager
def _watched(connection: _Connection) -> Iterator[None]:
    """Cut the connection at its deadline and close it; whatever goes wrong in between is EgressFailed."""
    watchdog = threading.Timer(max(connection.deadline - monotonic(), 0.01), connection.cut)
    watchdog.daemon = True
    watchdog.start()
    try:
        yield
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise EgressFailed(_words(error, late=connection.late)) from error
    finally:
        watchdog.cancel()
        connection.close()
    if connection.late:
        raise EgressFailed("no whole answer in time")


def check(url: str) -> _Target:
    """Refuse an address by its looks, before any name is resolved; raises EgressRefused."""
    if len(url) > URL_LIMIT or NO_URL.search(url) or not url.isascii():
        raise EgressRefused("host", "an address has no spaces and at most 2000 plain characters")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise EgressRefused("host", "this is no address") from error
    if parts.scheme not in {"http", "https"}:
        raise EgressRefused("scheme", "an address begins with https://")
    if parts.username is not None or parts.password is not None:
        raise EgressRefused("userinfo", "an address names no user and no password")
    if not (NAME.fullmatch(host) or _is_ip6(host)):
        raise EgressRefused("host", "this is no host name")
    port = port or (443 if parts.scheme == "https" else 80)
    trusted = bool(_allow() & {host, f"{host}:{port}"})
    if not trusted and parts.scheme != "https":
        raise EgressRefused("scheme", "an address begins with https://")
    if not trusted and port not in PORTS:
        raise EgressRefused("port", f"port {port} is not on the list")
    if not trusted and (host in HOME or host.endswith(".localhost") or _numeric_inside(host, port)):
        raise EgressRefused("address", "the host is not on the public internet")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Target(parts.scheme, host, port, path, trusted)


def _numeric_inside(host: str, port: int) -> bool:
    """Whether the host is an inner address in numbers, however written (127.1, 2130706433); asks no name server."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return False
    return not all(is_public(str(each[4][0])) for each in found)


def is_public(address: str) -> bool:
    """Whether a numeric address, and every IPv4 address written inside it, is on the public internet."""
    try:
        plain = _unmapped(ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    carried: list[IPv4Address | IPv6Address] = []
    if isinstance(plain, IPv6Address):
        # Pythons differ in whether they call 6to4 global; nobody we would tell lives there any more.
        if plain in NAT64_LOCAL or plain.is_site_local or plain.sixtofour is not None:
            return False
        carried = list(plain.teredo or ())
    return all(
        each.is_global and not each.is_multicast and not each.is_reserved
        for each in (plain, *carried)
    )


def _unmapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that ::ffff:, 64:ff9b:: and :: only wrap; any other as it is."""
    if isinstance(address, IPv6Address) and any(address in wrap for wrap in WRAPS):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def resolve(host: str, port: int) -> list[str]:
    """Numeric addresses of a name, as the system's resolver gives them; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def _addresses(target: _Target, deadline: float) -> list[str]:
    """Resolve once; the very addresses that were judged are the ones that are connected to."""
    found: queue.Queue[list[str] | Exception] = queue.Queue(maxsize=1)

    def ask() -> None:
        try:
            found.put(resolve(target.host, target.port))
        except (OSError, UnicodeError) as error:
            found.put(error)

    # The system's resolver knows no deadline.
    threading.Thread(target=ask, daemon=True).start()
    try:
        addresses = found.get(timeout=max(deadline - monotonic(), 0.01))
    except queue.Empty:
        raise EgressFailed("the name was not found in time") from None
    if isinstance(addresses, Exception) or not addresses:
        raise EgressFailed(f"there is no host {target.host}")
    if not target.trusted and not all(map(is_public, addresses)):
        raise EgressRefused("address", "the host is not on the public internet")
    return addresses


class _Connection(http.client.HTTPConnection):
    """Connects to the judged addresses and no other; the certificate is checked for the name."""

    def __init__(self, target: _Target, addresses: list[str], deadline: float) -> None:
        super().__init__(f"[{target.host}]" if ":" in target.host else target.host, target.port)
        self.default_port = 443 if target.scheme == "https" else 80
        self.target, self.addresses, self.deadline = target, addresses, deadline
        self.late = False

    def connect(self) -> None:
        plain = self._reach()
        self.sock = plain
        if self.target.scheme == "https":
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(plain, server_hostname=self.target.host)

    def _reach(self) -> socket.socket:
        refused: OSError | None = None
        for address in self.addresses:
            left = max(self.deadline - monotonic(), 0.01)
            try:
                return socket.create_connection((address, self.target.port), timeout=left)
            except OSError as error:
                refused = error
        raise refused or OSError("no address")

    def cut(self) -> None:
        """The time is up: whoever drips bytes does not hold us."""
        self.late = True
        held: socket.socket | None = self.sock
        if held is not None:
            _quietly(lambda: held.shutdown(socket.SHUT_RDWR))


def _quietly(call: Callable[[], Any]) -> None:
    try:
        call()
    except OSError:
        return


def _words(error: Exception, *, late: bool) -> str:
    if late or isinstance(error, TimeoutError):
        return "no whole answer in time"
    if isinstance(error, ssl.SSLError):
        return "the certificate does not hold for the host, or the connection is not secure"
    return f"no answer: {type(error).__name__}"


def _is_ip6(host: str) -> bool:
    try:
        return isinstance(ip_address(host), IPv6Address)
    except ValueError:
        return False


def _allow() -> frozenset[str]:
    config: Config = current_app.extensions["polydesk_config"]
    return frozenset(entry.strip().lower() for entry in config.egress_allow)
