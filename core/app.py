"""The factory and the front door: whose request, who asks, which plugin; then the contract of the view takes over."""

from __future__ import annotations

import re
import secrets
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, current_app, g, request
from flask_smorest import Api
from flask_wtf.csrf import CSRFProtect

import core.defaults
import core.waiting
from core import i18n, keys, ui
from core.actors import ANONYMOUS
from core.attachments.service import upload_name
from core.auth import traces
from core.catalog import Catalog, load
from core.db import clear_session, init_database
from core.errors import Forbidden, NotFound, NotSignedIn
from core.events import request_id
from core.forms import widgets
from core.plugins import enabled, first
from core.problems import draw, is_api
from core.spec import naming
from core.tenancy import as_tenant
from core.tickets.moving import check_graphs
from core.walls import guard
from core.web import SAFE, page
from core.work import check_jobs

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from flask import Response

    from core.config import Config
    from core.contributions import PortalPage

csrf = CSRFProtect()
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
APEX = frozenset({"apex.livez", "apex.readyz"})
APEX_HOME = "apex.home"
UPLOAD_LIMIT = 11 * 10 * 1024 * 1024


def create_app(config: Config, plugins: list[ModuleType]) -> Flask:
    """Build the application of `config` from core and `plugins`; StartupError names whoever does not fit."""
    app = Flask("core", static_folder=None, template_folder=None)
    _configure(app, config)
    manager, catalog = load([core.defaults, *plugins])
    check_graphs(catalog)
    check_jobs(catalog)
    app.extensions["polydesk_plugins"] = (manager, catalog)
    for cache in ("polydesk_switches", "polydesk_definitions", "polydesk_bodies"):
        app.extensions[cache] = {}
    app.extensions["polydesk_config"] = config
    init_database(app, guard)
    for module in catalog.modules.values():
        i18n.register_catalogs(_root(module))
    ui.register(app)
    widgets.register(app, upload_name=upload_name)
    csrf.init_app(app)
    _mount(app, catalog)
    core.defaults.connect()
    app.before_request(_front_door)
    app.teardown_request(_leave)
    app.after_request(_label)
    app.register_error_handler(Exception, draw)
    return app


def _configure(app: Flask, config: Config) -> None:
    app.config.update(
        POLYDESK_DATA=config.data,
        POLYDESK_MASTER_KEY=keys.load_master_key(config.data),
        POLYDESK_URL=config.url,
        MAIL_SECRETS_IN_OUTBOX=config.demo,
        SQLALCHEMY_DATABASE_URI=config.database_url,
        SQLALCHEMY_BINDS={"worker": config.worker_url},
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(config.database_url),
        MAX_CONTENT_LENGTH=UPLOAD_LIMIT,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        SESSION_COOKIE_NAME="pd_form",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.secure,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        API_TITLE="Polydesk",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_JSON_PATH="openapi.json",
        **config.extra,
    )
    with app.app_context():
        app.secret_key = keys.derive("flask-session")


def _engine_options(url: str) -> dict[str, Any]:
    if url.startswith("sqlite"):
        return {}
    return {"pool_pre_ping": True, "connect_args": {"prepare_threshold": None}}


def _root(module: ModuleType) -> str:
    path = module.__file__ or ""
    return path.rpartition("/")[0]


class _Api(Api):  # type: ignore[misc]
    def handle_http_exception(self, error: Any) -> Response:
        return draw(error)


def _mount(app: Flask, catalog: Catalog) -> None:
    owners: dict[str, str] = {}
    app.extensions["polydesk_owners"] = owners
    api = _Api(app, spec_kwargs={"marshmallow_plugin": naming(catalog)})
    for hook, plugin, blueprint in catalog.blueprints:
        own = not catalog.plugins[plugin].always_on
        if hook == "register_api":
            prefix = f"/api/v1/{plugin}" if own else "/api/v1"
            api.register_blueprint(blueprint, url_prefix=prefix + (blueprint.url_prefix or ""))
        else:
            prefix = f"/x/{plugin}" if own else ""
            app.register_blueprint(
                blueprint, url_prefix=prefix + (blueprint.url_prefix or "") or None
            )
        owners[blueprint.name] = plugin
    for name, portal_page in catalog.shelf("portal_page").items():
        plugin = catalog.owner("portal_page", name)
        label = re.sub(r"\W+", "_", name)
        blueprint = Blueprint(f"portal_page_{label}", __name__)
        view = page(portal_page.permission, redraw=portal_page.redraw)(_portal_view(portal_page))
        methods = list(portal_page.methods)
        blueprint.add_url_rule(f"/p/{plugin}/{portal_page.path}", "show", view, methods=methods)
        app.register_blueprint(blueprint)
        owners[blueprint.name] = plugin


def _portal_view(portal_page: PortalPage) -> Callable[..., Any]:
    def show(**path: Any) -> Any:
        return portal_page.view(g.actor, **path)

    return show


# --- a request's journey (house.md)


def _front_door() -> Any:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    request_id.set(g.request_id)
    g.actor = ANONYMOUS
    i18n.set_for_request(_browser_locale() or i18n.DEFAULT_LOCALE, "UTC")
    if request.endpoint in {"static", "api-docs.openapi_json"} or (
        request.endpoint or ""
    ).startswith("ui."):
        return None
    # Health is the house's, whichever tenant's host a prober knows.
    tenant = None if request.endpoint in APEX else first("resolve_tenant", request=request)
    if tenant is None:
        return _apex()
    g.stack = ExitStack()
    g.stack.enter_context(as_tenant(tenant))
    g.tenant = tenant
    i18n.set_for_request(_browser_locale() or tenant.locale, tenant.timezone)
    _gate()
    g.actor = first("authenticate", request=request) or ANONYMOUS
    actor = g.actor
    i18n.set_for_request(
        _browser_locale() or actor.locale or tenant.locale, actor.timezone or tenant.timezone
    )
    _check_origin()
    return None


def _browser_locale() -> str:
    if request.path.startswith("/api/"):
        return request.accept_languages.best_match(i18n.LOCALES) or ""
    chosen = request.cookies.get("pd_lang", "")
    return chosen if chosen in i18n.LOCALES else ""


def _apex() -> Any:
    """The installation's own host, or a stranger's: health and a door, nothing of any tenant's."""
    best = request.accept_languages.best_match(i18n.LOCALES) or i18n.DEFAULT_LOCALE
    i18n.set_for_request(_browser_locale() or best, "UTC")
    at_home = request.host.partition(":")[0] == current_app.extensions["polydesk_config"].apex
    if at_home and is_api():
        raise NotSignedIn("a token names the tenant here")
    if at_home and request.path == "/":
        return current_app.view_functions[APEX_HOME]()
    if request.endpoint not in APEX:
        raise NotFound("no tenant lives here")
    return None


def _gate() -> None:
    owner = current_app.extensions["polydesk_owners"].get(request.blueprint or "")
    if owner and not enabled(owner):
        raise NotFound("plugin is off")


def _check_origin() -> None:
    """Unsafe requests of browsers come from our own pages: Sec-Fetch-Site, else Origin, and a CSRF token."""
    if request.method in SAFE or is_api():
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site not in {None, "same-origin", "none"} or (
        site is None and origin and origin != request.host_url.rstrip("/")
    ):
        raise Forbidden("same-origin")
    csrf.protect()


def _leave(error: BaseException | None) -> None:  # noqa: ARG001
    # Large uploads lie in temporary files until they are closed.
    request.close()
    stack = g.pop("stack", None)
    if stack is not None:
        stack.close()
    clear_session()


def _label(response: Response) -> Response:
    response.headers["X-Request-ID"] = getattr(g, "request_id", "")
    traces.note_request(request, response.status_code)
    return response
