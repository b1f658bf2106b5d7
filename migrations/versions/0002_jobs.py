"""Background jobs.

The deploy runs this while the old code still serves: it must fit the previous version.
"""

import sqlalchemy as sa
from alembic import op

import core.db

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job_run",
        sa.Column("job", sa.String(length=120), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("lease_until", core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("last_error", sa.String(length=300), nullable=False),
        sa.Column("dedupe_key", sa.String(length=200), nullable=True),
        sa.Column("created_at", core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("finished_at", core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_job_run")),
        sa.UniqueConstraint(
            "tenant_id", "dedupe_key", name=op.f("uq_job_run_tenant_id_dedupe_key")
        ),
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "ix_job_run_due", "job_run", ["due_at"], sqlite_where=waiting, postgresql_where=waiting
    )
    op.create_index("ix_job_run_recent", "job_run", ["tenant_id", "job", "created_at"])


def downgrade() -> None:
    op.drop_table("job_run")
