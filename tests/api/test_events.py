"""REST: the event feed in its sealed order, for whoever sees all tickets."""

from __future__ import annotations

from core.jobs import drain


def test_the_feed_goes_on_where_it_ended(api_of, house):
    ids = [str(house.open().id) for _ in range(3)]
    drain()
    api = api_of(house.manager, ("event:read",))
    seen, after = [], 0
    while after is not None:
        page = api("GET", f"/events?after={after}&limit=7").get_json()
        seen += page["items"]
        after = page["next"]
    sequence = [event["seq"] for event in seen]
    assert sequence == list(range(1, len(seen) + 1)), "no gap, no repetition"
    opened = [event for event in seen if event["type"] == "ticket.opened"]
    assert [event["subject_id"] for event in opened] == ids
    assert opened[0]["data"]["ticket_type"] == "problem"
    assert opened[0]["actor_kind"] == "user"
    assert api("GET", f"/events?after={len(seen)}").get_json() == {"items": [], "next": None}


def test_only_reach_all_reads_the_feed(api_of, house):
    house.open()
    drain()
    assert api_of(house.agent, ("event:read",))("GET", "/events").status_code == 403
    assert api_of(house.manager, ("ticket:read",))("GET", "/events").status_code == 403
    auditor = api_of(house.auditor, ("event:read",))
    assert auditor("GET", "/events").status_code == 200
    for query in ("limit=101", "after=-1", "after=x", "strange=1"):
        assert auditor("GET", f"/events?{query}").status_code == 422
