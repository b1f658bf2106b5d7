"""What the demonstration's companies say of their complaint desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.sdk import SYSTEM, save_settings

if TYPE_CHECKING:
    from core.sdk import Tenant

# Numbers that nobody has: 400 numbers of ten digits never begin their second part with 0000, and 555-01xx is kept
# for stories.
DESKS = {
    "zh-CN": (
        "400-0000-315",
        (("信函", "客户服务部投诉受理组收"), ("现场", "服务前台，工作日 9:00–18:00")),
    ),
    "en": (
        "555-0131",
        (
            ("Letter", "To the complaints desk, customer service"),
            ("In person", "Front desk, Mon–Fri 9–6"),
        ),
    ),
}


def seed(tenant: Tenant) -> None:
    """Set the telephone and two further channels, in the company's language."""
    telephone, channels = DESKS.get(tenant.locale, DESKS["en"])
    rows = [{"name": name, "address": address} for name, address in channels]
    save_settings("complaints", {"telephone": telephone, "channels": rows}, actor=SYSTEM)
