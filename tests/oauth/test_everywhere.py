"""An app at every door of the API: as itself and for a person it is served or refused, and never trips the house."""

from __future__ import annotations

import pytest

from core.actors import OPERATOR
from core.auth import service as people
from core.db import transaction
from core.oauth import families, grants, service
from core.oauth.models import CLIENT, CODE
from tests.habits import asking
from tests.habits.conftest import mine, theirs, whole
from tests.habits.routes import routes
from tests.habits.world import Somebody, World

__all__ = ["mine", "theirs", "whole"]


def app_in(world, *, for_a_person):
    """An app of this world with every right there is, holding a token."""
    with world.app.app_context(), world.inside():
        with transaction():
            every = sorted(service.scopes_offered())
            client, _secret = service.register_client(
                "Everywhere", redirect_uris=["https://app.example.com/back"], scopes=every,
                grant_types=[CODE, CLIENT], actor=OPERATOR,
            )  # fmt: skip
        with transaction():
            family = None
            if for_a_person:
                user = people.find_user("rightful@example.org")
                grants.remember(client, every, every, actor=people.actor_for(user))
                code = families.issue_code(
                    client,
                    user.id,
                    every,
                    redirect_uri="https://app.example.com/back",
                    challenge="",
                )
                family = families.redeemable(code, client)
            issued = families.issue_first(
                client, family, every, grant_type=CODE if for_a_person else CLIENT, refreshing=False
            )
        return Somebody(world, bearer=issued.access)


@pytest.mark.story
@pytest.mark.parametrize("for_a_person", [False, True])
def test_an_app_at_every_door_of_the_api(whole, theirs, monkeypatch, for_a_person, capsys):
    world = World(whole)
    app = app_in(world, for_a_person=for_a_person)
    monkeypatch.setattr(asking, "strangers", lambda _call, _theirs: ())
    monkeypatch.setattr(asking, "rightful", lambda _route, _world: app)
    asked = [r for r in routes(whole) if r.api and not r.endpoint.startswith("oauth.")]
    asker = asking.Asker(theirs)
    calls = [asker.ask(r, world) for r in sorted(asked, key=lambda each: each.method != "GET")]
    tripped = [str(call) for call in calls if call.status >= 500]
    served = [call for call in calls if call.let_in]
    with capsys.disabled():
        print(f"\n  an app: {len(calls)} doors, {len(served)} open", end="")  # noqa: T201  the figure
    assert not tripped, "\n".join(tripped)
    unsigned = [str(call) for call in calls if call.status == 401]
    assert not unsigned, "\n".join(unsigned)
    assert len(served) > len(calls) / 2
