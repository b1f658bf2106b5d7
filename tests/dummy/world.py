"""What the dummy's own addresses take."""

BODIES = {"portal_page_dummy_nods_int_nods_.show": lambda _world: {"more": "1"}}


def values(_world):
    """Any number of nods will do."""
    return {"nods": "3"}
