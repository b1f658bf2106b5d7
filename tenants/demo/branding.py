"""How a company of the demonstration looks on its portal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.host import OPERATOR, settings
from tenants.demo.stories import SLUGS, company
from tenants.portal.settings import OWNER

if TYPE_CHECKING:
    from core.sdk import Tenant


def dress(tenant: Tenant) -> None:
    """Colour, telephone, hours and promise from the company's file; others are left as they are."""
    if tenant.slug in SLUGS:
        settings.save(OWNER, company(tenant.slug).about["portal"], actor=OPERATOR)
