"""How Alembic runs here: on the connection it is handed, for one owner's tables and version table."""

from typing import Any

from alembic import context

from core.db import Base

LOCK_TIMEOUT = "4s"
STATEMENT_TIMEOUT = "60s"


def include_object(
    item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any
) -> bool:
    """Only the owner's own tables."""
    if kind == "table":
        return name in context.config.attributes["tables"]
    return True


def run() -> None:
    """Run the asked-for migrations."""
    options = context.config.attributes
    connection = options["connection"]
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'")
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        version_table=options["version_table"],
        include_object=include_object,
        render_as_batch=connection.dialect.name == "sqlite",
        user_module_prefix="core.db.",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
