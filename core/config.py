"""What the environment says (model.md §2): read once, checked, named when missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from core.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Config:
    """One installation. URLs of databases are SQLAlchemy's; `extra` goes into Flask's config as it is (tests)."""

    url: str = "http://localhost:8080"
    bind: str = ""
    data: Path = Path("data")
    database_url: str = ""
    owner_url: str = ""
    worker_url: str = ""
    redis_url: str = ""
    egress_allow: tuple[str, ...] = ()
    demo: bool = False
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def apex(self) -> str:
        """Host name of the installation itself; tenants live under it by slug."""
        return urlsplit(self.url).hostname or "localhost"

    @property
    def secure(self) -> bool:
        """Whether people come by https."""
        return self.url.startswith("https://")

    @property
    def address(self) -> tuple[str, int]:
        """Where `serve` listens."""
        parts = urlsplit(self.url)
        default = f"127.0.0.1:{parts.port or (443 if self.secure else 80)}"
        host, _, port = (self.bind or default).rpartition(":")
        return host or "127.0.0.1", int(port)


def load_config(environ: Mapping[str, str]) -> Config:
    """Read the environment; raises StartupError naming what is missing."""
    data = Path(environ.get("POLYDESK_DATA", "data")).resolve()
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = environ.get("DATABASE_URL") or f"sqlite:///{data / 'polydesk.db'}"
    if database.startswith(("postgres://", "postgresql://")):
        raise StartupError("DATABASE_URL: write postgresql+psycopg://...")
    urls = {name: environ.get(name, "") for name in ("DATABASE_OWNER_URL", "DATABASE_WORKER_URL")}
    if not database.startswith("sqlite"):
        for name, value in urls.items():
            if not value:
                raise StartupError(
                    f"{name} is not set: on PostgreSQL app, owner and worker are three roles"
                )
    return Config(
        url=environ.get("POLYDESK_URL", "http://localhost:8080").rstrip("/"),
        bind=environ.get("POLYDESK_BIND", ""),
        data=data,
        database_url=database,
        owner_url=urls["DATABASE_OWNER_URL"] or database,
        worker_url=urls["DATABASE_WORKER_URL"] or database,
        redis_url=environ.get("REDIS_URL", ""),
        egress_allow=tuple(filter(None, environ.get("POLYDESK_EGRESS_ALLOW", "").split(","))),
        demo=environ.get("POLYDESK_DEMO", "") == "1",
    )
