"""The hook that complaints opens to other plugins."""

from __future__ import annotations

import pluggy

from plugins.complaints.standards import ComplaintStandard  # noqa: TC001  the catalog reads it at start

hookspec = pluggy.HookspecMarker("polydesk")


@hookspec
def register_complaint_standards() -> list[ComplaintStandard]:
    """An industry's categories, words of gravity and clocks; triage and promises take those in force."""
    return []
