"""A request that fits its route: the real address, its page's form filled in or a body of its schema, by who may."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from core.errors import PolydeskError
from core.web import CUSTOMER, PUBLIC
from tests.habits import rooms
from tests.habits.drawn import forms_of
from tests.habits.routes import OF_A_TICKET, SAFE

NOBODY, WITHOUT, FAR, FOREIGN = (
    "not signed in",
    "without permission",
    "out of reach",
    "with a foreign",
)
DOORS = ("/sign-in", "/my/code")


@dataclass
class Call:
    """One request, ready to be made by anybody.

    `status` is what the rightful actor got; `refused` what strangers got just before, by what was wrong with them.
    """

    route: Any
    world: Any
    path: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 0
    said: str = ""
    formless: bool = False
    refused: dict[str, tuple[int, int]] = field(default_factory=dict)

    def by(self, somebody, **foreign):
        """The answer to it when `somebody` asks; `foreign` values replace this world's in the address."""
        path = self.route.path(self.world, **foreign) if foreign else self.path
        return somebody.ask(self.route.method, path, body=_anew(self.body), headers=self.headers)

    @property
    def let_in(self):
        """Whether the rightful actor truly succeeded: 2xx, or the way back from a page that wrote."""
        if 200 <= self.status < 300:
            return True
        leads = rooms.said("LEADS", self.route.endpoint, "")
        if self.status != 303 or self.route.api:
            return False
        if leads or self.route.method == "GET":
            return bool(leads) and self.said.startswith(leads)
        return not self.said.startswith(DOORS)

    def wrong(self, what=""):
        """Strangers who got another answer than they should."""
        return [
            f"{self.route} {who}: {got} instead of {wanted}"
            for who, (got, wanted) in self.refused.items()
            if got != wanted and who.startswith(what)
        ]

    def __str__(self):
        lost = " (no form was found: say PAGES in your world.py)" if self.formless else ""
        return f"{self.route}: {self.status} {self.said}{lost}"


def _anew(body):
    """The same body once more: a file is read from its beginning."""
    if not isinstance(body, dict):
        return body
    return {name: _rewound(value) for name, value in body.items()}


def _rewound(value):
    if isinstance(value, tuple) and isinstance(value[0], io.BytesIO):
        return io.BytesIO(value[0].getvalue()), *value[1:]
    return value


def rightful(route, world):
    """Who may: staff, or the customer where a page is the customer's, or anybody."""
    if (who := rooms.said("ACTORS", route.endpoint)) is not None:
        return world.rightful(api=route.api) if who == "staff" else getattr(world, who)()
    if route.rule.startswith("/my/<") or route.permission == CUSTOMER:
        return world.customer()
    return world.nobody() if route.permission == PUBLIC else world.rightful(api=route.api)


def strangers(call, theirs):
    """Who must be refused this request: (what is wrong with him, who asks, foreign values, the status he must get)."""
    route, world = call.route, call.world
    if route.permission != PUBLIC:
        away = 303 if route.method in SAFE and not route.api else 401
        yield NOBODY, world.stranger(), {}, away
    if route.guarded:
        yield WITHOUT, world.without(route.permission, api=route.api), {}, 403
    if route.guarded and route.parameters & OF_A_TICKET and route.permission.startswith("ticket:"):
        yield FAR, world.far_away(api=route.api), {}, 404
    if route.endpoint not in rooms.gathered("TOLD"):
        for name in sorted(route.ids(world, theirs)):
            foreign = {name: route.value(theirs, name)}
            yield f"{FOREIGN} {name}", rightful(route, world), foreign, 404


class Asker:
    """Asks routes by strangers and by their rightful actors; remembers on which page each form stands."""

    def __init__(self, theirs):
        self.theirs, self.pages = theirs, {}

    def ask(self, route, world):
        """The call with its answers, made in `world`."""
        try:
            with world.app.app_context(), world.inside():
                rooms.said("BEFORE", route.endpoint, lambda _world: None)(world)
            call = Call(route, world, route.path(world))
        except KeyError as missing:
            return Call(route, world, "", said=f"no value for {missing}: say it in your world.py")
        except PolydeskError as error:
            # A worn world: what must have happened before is not possible any more.
            return Call(route, world, "", said=f"BEFORE: {error}")
        somebody = rightful(route, world)
        if route.api:
            self._fill_json(call, somebody)
        elif route.method != "GET":
            call.body = self._form(call, somebody)
        call.body = self._overlaid(call)
        more = rooms.said("HEADERS", route.endpoint)
        if more is not None:
            call.headers |= more(world, call.body)
        for who, stranger, foreign, wanted in strangers(call, self.theirs):
            call.refused[who] = call.by(stranger, **foreign).status_code, wanted
        answer = call.by(somebody)
        call.status = answer.status_code
        call.said = answer.headers.get("Location", "") or _told(answer)
        if route.method == "GET" and answer.mimetype == "text/html" and call.let_in:
            self._remember(route, call.path, answer.get_data(as_text=True))
        return call

    def _overlaid(self, call):
        own = rooms.said("BODIES", call.route.endpoint)
        if own is None:
            return call.body
        with call.world.app.app_context(), call.world.inside():
            laid = own(call.world)
        if not isinstance(laid, dict):
            return laid
        body = {**(call.body or {}), **laid}
        return {name: value for name, value in body.items() if value is not None}

    def _remember(self, route, path, page):
        for form in forms_of(page, path):
            found = _endpoint(route, form.action)
            if found:
                self.pages.setdefault(found, route)

    # --- pages ----------------------------------------------------------------------------------

    def _form(self, call, somebody):
        """The form of the route as it is drawn for this person, filled in; its token alone when none is found."""
        drawn = call.route.endpoint in rooms.gathered("DRAWN")
        for address in dict.fromkeys(self._addresses(call)):
            page = somebody.ask("GET", address).get_data(as_text=True)
            for form in forms_of(page, address):
                if form.action.partition("?")[0] == call.path.partition("?")[0]:
                    return form.filled(drawn=drawn)
        call.formless = True
        return {"csrf_token": somebody.token()}

    def _addresses(self, call):
        """Where the form may stand: as a room says, where one was seen, or on a page above the address."""
        route, world = call.route, call.world
        own = rooms.said("PAGES", route.endpoint, "")
        ids = {name: value for name, value in world.ids.items() if ":" not in name}
        own = own.format(**ids | {name: route.value(world, name) for name in route.parameters})
        query = own if own.startswith("?") else ""
        if own and not query:
            yield own
        if route.endpoint in self.pages:
            yield self.pages[route.endpoint].path(world) + query
        path = call.path.partition("?")[0]
        while path.count("/") > 1 or path.strip("/"):
            if _endpoint(route, path, "GET"):
                yield path + query
            path = path.rpartition("/")[0] or "/"

    # --- the API --------------------------------------------------------------------------------

    def _fill_json(self, call, somebody):
        version = self._version(call, somebody) if call.route.method != "GET" else ""
        if version:
            call.headers["If-Match"] = f'"{version}"'
        body = call.route.body(call.world)
        if body and "version" in body and version:
            body["version"] = int(version)
        call.body = body

    def _version(self, call, somebody):
        """The version of the nearest thing above the address that can be read."""
        path = call.path.partition("?")[0]
        while path.count("/") > 3:
            if _endpoint(call.route, path, "GET"):
                tag = somebody.ask("GET", path).headers.get("ETag", "")
                if tag.strip('W/"').isdigit():
                    return tag.strip('W/"')
            path = path.rpartition("/")[0]
        return ""


def _endpoint(route, address, method="POST"):
    """The endpoint that an address of this application leads to, "" for none."""
    adapter = route.app.url_map.bind("x")
    path = address.partition("?")[0].partition("#")[0]
    for spelling in (path, f"{path}/"):
        try:
            return adapter.match(spelling, method)[0]
        except (HTTPException, RequestRedirect):
            continue  # nothing there, or only with the other ending
    return ""


def _told(answer):
    """What a refusal says: a page's error summary or heading, an API's problem."""
    words = answer.get_data(as_text=True) if answer.status_code >= HTTPStatus.BAD_REQUEST else ""
    found = re.search(r'class="err-summary".*?</div>|<h1.*?</h1>', words, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", found[0] if found else words).split())[:600]


def ask_all(routes, make_world, theirs):
    """Every route by strangers, then by its rightful actor: reading first, in one world.

    A write may take away what the next one needs: what did not go as it should is asked once more in a fresh world.
    """
    asker, worn, calls = Asker(theirs), make_world(), []
    for route in sorted(routes, key=lambda each: each.method != "GET"):
        call = asker.ask(route, worn)
        if not call.let_in or call.wrong():
            worn = make_world()
            call = asker.ask(route, worn)
        calls.append(call)
    return calls
