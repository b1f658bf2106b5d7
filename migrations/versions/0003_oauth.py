"""OAuth clients, grants and tokens.

The deploy runs this while the old code still serves: it must fit the previous version.
"""

import sqlalchemy as sa
from alembic import op

import core.db

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "oauth_client",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("publisher", sa.String(length=120), nullable=False),
        sa.Column("redirect_uris", sa.JSON(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("grant_types", sa.JSON(), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("removed_at", core.db.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_oauth_client")),
    )
    op.create_index("ix_oauth_client_name", "oauth_client", ["tenant_id", "name"], unique=False)
    op.create_table(
        "oauth_grant",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("given_at", core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", core.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "client_id"],
            ["oauth_client.tenant_id", "oauth_client.id"],
            name=op.f("fk_oauth_grant_tenant_id_client_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["user_account.tenant_id", "user_account.id"],
            name=op.f("fk_oauth_grant_tenant_id_user_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_oauth_grant")),
        sa.UniqueConstraint(
            "tenant_id",
            "user_id",
            "client_id",
            name=op.f("uq_oauth_grant_tenant_id_user_id_client_id"),
        ),
    )
    op.create_index(
        "ix_oauth_grant_client", "oauth_grant", ["tenant_id", "client_id"], unique=False
    )
    op.create_table(
        "oauth_family",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=True),
        sa.Column("redirect_uri", sa.String(length=2000), nullable=False),
        sa.Column("challenge", sa.String(length=128), nullable=False),
        sa.Column("code_expires_at", core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("code_used_at", core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("created_at", core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ends_at", core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", core.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "client_id"],
            ["oauth_client.tenant_id", "oauth_client.id"],
            name=op.f("fk_oauth_family_tenant_id_client_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["user_account.tenant_id", "user_account.id"],
            name=op.f("fk_oauth_family_tenant_id_user_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_oauth_family")),
        sa.UniqueConstraint(
            "tenant_id", "code_hash", name=op.f("uq_oauth_family_tenant_id_code_hash")
        ),
    )
    op.create_index(
        "ix_oauth_family_client", "oauth_family", ["tenant_id", "client_id"], unique=False
    )
    op.create_index("ix_oauth_family_ends", "oauth_family", ["tenant_id", "ends_at"], unique=False)
    op.create_index("ix_oauth_family_user", "oauth_family", ["tenant_id", "user_id"], unique=False)
    op.create_table(
        "oauth_token",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.Column("access_hash", sa.String(length=64), nullable=False),
        sa.Column("refresh_hash", sa.String(length=64), nullable=True),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("issued_at", core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("access_expires_at", core.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("refresh_expires_at", core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("refresh_used_at", core.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", core.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "family_id"],
            ["oauth_family.tenant_id", "oauth_family.id"],
            name=op.f("fk_oauth_token_tenant_id_family_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_oauth_token")),
        sa.UniqueConstraint(
            "tenant_id", "access_hash", name=op.f("uq_oauth_token_tenant_id_access_hash")
        ),
        sa.UniqueConstraint(
            "tenant_id", "refresh_hash", name=op.f("uq_oauth_token_tenant_id_refresh_hash")
        ),
    )
    op.create_index(
        "ix_oauth_token_family", "oauth_token", ["tenant_id", "family_id"], unique=False
    )


def downgrade() -> None:
    for table in ("oauth_token", "oauth_family", "oauth_grant", "oauth_client"):
        op.drop_table(table)
