"""One tree of errors that carry data: raised low, drawn once (RFC 9457 for the API, a page for people)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing wrong with one field: `field` is a dotted path, `message` a message id, `values` fill its blanks."""

    field: str
    message: str
    values: tuple[tuple[str, Any], ...] = ()


class PolydeskError(Exception):
    """Root of all expected errors; `code` is a contract of the API, `status` its HTTP status."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400

    def __init__(self, message: str = "", **data: Any) -> None:
        super().__init__(message or self.code)
        self.data = data


class Invalid(PolydeskError):
    """Input that does not fit its schema or a rule; carries one `Problem` per field."""

    code = "invalid"
    status = 422

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"{p.field}: {p.message}" for p in problems))
        self.problems = problems


class Malformed(PolydeskError):
    """A body that cannot be read at all (broken JSON, wrong content type)."""

    code = "malformed"
    status = 400


class NotSignedIn(PolydeskError):
    """Nobody is signed in, or the credentials do not hold here."""

    code = "not-signed-in"
    status = 401


class Forbidden(PolydeskError):
    """The actor lacks `permission`."""

    code = "forbidden"
    status = 403

    def __init__(self, permission: str) -> None:
        super().__init__(permission, permission=permission)


class NotFound(PolydeskError):
    """There is no such thing, or the actor may not know that there is."""

    code = "not-found"
    status = 404


class NotOffered(PolydeskError):
    """The transition does not lead out of the present state, or not for this actor."""

    code = "not-offered"
    status = 409


class Conflict(PolydeskError):
    """The request contradicts the present state (an idempotency key used for another body, a name taken)."""

    code = "conflict"
    status = 409


class StaleVersion(PolydeskError):
    """The row changed since it was read; `fields` maps a field to [theirs, yours]."""

    code = "stale-version"
    status = 412

    def __init__(
        self, *, current: int, given: int, fields: dict[str, list[Any]] | None = None
    ) -> None:
        super().__init__(
            f"version {given} is stale, {current} is current",
            current=current,
            given=given,
            fields=fields or {},
        )


class VersionMissing(PolydeskError):
    """A write without the version that it was read at."""

    code = "version-missing"
    status = 428


class TooLarge(PolydeskError):
    """Over one of the limits of model.md §10; `limit` and `unit` say which."""

    code = "too-large"
    status = 413


class TooMany(PolydeskError):
    """A throttle said wait; `retry_after` in seconds."""

    code = "too-many"
    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s", retry_after=retry_after)


class PluginUnavailable(PolydeskError):
    """A closed hook of `plugin` failed, so the write is refused (model.md §9)."""

    code = "plugin-unavailable"
    status = 503

    def __init__(self, plugin: str, hook: str) -> None:
        super().__init__(f"{plugin} failed in {hook}", plugin=plugin, hook=hook)


class NotAvailable(PolydeskError):
    """This installation lacks something (a system library); `data` says what and how to get it."""

    code = "not-available"
    status = 501


class ReadOnlyTenant(PolydeskError):
    """The tenant is suspended: it can be read, not written."""

    code = "tenant-read-only"
    status = 403


class NoTenant(PolydeskError):
    """Tenant data was asked for while no tenant is set: a programming error, never shown as data."""

    code = "no-tenant"
    status = 500


class TenantLeak(PolydeskError):
    """A statement or a row would have crossed from one tenant to another: stopped by a wall."""

    code = "tenant-leak"
    status = 500


class StartupError(PolydeskError):
    """The process must not start; the message names the culprit."""

    code = "startup"
    status = 500
