"""Connecting a remote app: its manifest, what it asks for in plain words, its keys; then its switch and settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request

from core.host import app_book, app_manifests, problem_words, read_form
from core.sdk import Invalid, NotFound, Problem, page, text
from tenants.admin import apps, plugins, shell

if TYPE_CHECKING:
    from core.sdk import PolydeskError

blueprint = Blueprint(
    "console_apps", __name__, url_prefix="/console/apps", template_folder="templates"
)

NAME = "/<app_name>"
LIMIT = 64 * 1024


def _again(error: PolydeskError, app_name: str) -> str:
    return plugins.draw(apps.PREFIX + app_name, "", problems=shell.told(error))


def _refused(error: PolydeskError) -> str:
    try:
        written = _written()
    except Invalid:
        written = ""
    lines = written.splitlines()
    if not isinstance(error, Invalid):
        return _draw("app_new.html", written=written, problems=shell.told(error))
    return _draw(
        "app_new.html",
        written=written,
        problems=[] if _at_lines(error) else shell.told(error),
        findings=[_finding(problem, lines) for problem in _at_lines(error)],
    )


@blueprint.get("/new")
@page("plugin:write")
def new() -> str:
    """Paste a manifest, or choose its file."""
    return _draw("app_new.html")


@blueprint.post("/new")
@page("plugin:write", redraw=_refused)
def review() -> Any:
    """Check the manifest and say in plain words what the app asks for; nothing is installed yet."""
    written = _written()
    manifest = app_book.accepted(written)
    return _draw(
        "app_review.html", told=apps.review(manifest), written=written,
        before=_before(manifest.name), withheld=apps.may_grant(manifest, g.actor),
    )  # fmt: skip


@blueprint.post("/install")
@page("plugin:write", redraw=_refused)
def install() -> Any:
    """Install what was reviewed, or bring an installed app to its newer manifest; new keys are shown this once."""
    manifest = app_book.accepted(_written())
    if _before(manifest.name):
        app_book.update(manifest, actor=g.actor)
        url = f"/console/plugins?p={apps.PREFIX}{manifest.name}"
        return shell.done("console.apps.updated", url, name=text(manifest.title))
    _, keys = app_book.install(manifest, actor=g.actor)
    return _draw("app_keys.html", keys=keys, told=apps.review(manifest)), 201


@blueprint.post(f"{NAME}/enable")
@page("plugin:write", redraw=_again)
def enable(app_name: str) -> Any:
    """Switch an app on, from the next request on."""
    app_book.enable(app_name, actor=g.actor)
    return _done("console.plugins.enabled", app_name)


@blueprint.post(f"{NAME}/disable")
@page("plugin:write", redraw=_again)
def disable(app_name: str) -> Any:
    """Switch an app off at once."""
    app_book.disable(app_name, actor=g.actor)
    return _done("console.plugins.disabled", app_name)


@blueprint.post(f"{NAME}/settings")
@page(
    "plugin:write",
    redraw=lambda error, app_name: plugins.draw(apps.PREFIX + app_name, "settings", refused=error),
)
def save(app_name: str) -> Any:
    """Keep the app's settings."""
    form = apps.form_of(app_name)
    if form is None:
        raise NotFound
    answers = read_form(form, request.form, audience="internal")
    if answers.problems:
        raise Invalid(*answers.problems)
    seen = request.form.get(shell.SEEN)
    app_book.save_settings(app_name, answers.data, actor=g.actor, seen=seen)
    return _done("console.plugins.saved", app_name)


@blueprint.post(f"{NAME}/rotate")
@page("plugin:write")
def rotate(app_name: str) -> Any:
    """New keys, shown this once."""
    keys = app_book.rotate(app_name, actor=g.actor)
    return _draw("app_keys.html", keys=keys, told=apps.review(app_book.get_app(app_name).manifest))


@blueprint.post(f"{NAME}/uninstall")
@page("plugin:write")
def uninstall(app_name: str) -> Any:
    """Remove an app with its rights and keys."""
    name = text(app_book.get_app(app_name).manifest.title)
    app_book.uninstall(app_name, actor=g.actor)
    return shell.done("console.apps.removed", "/console/plugins", name=name)


def _done(message: str, app_name: str) -> Any:
    name = text(app_book.get_app(app_name).manifest.title)
    return shell.done(message, f"/console/plugins?p={apps.PREFIX}{app_name}", name=name)


def _written() -> str:
    """The manifest as it was pasted, or as the file holds it."""
    sent = request.files.get("file")
    if sent is not None and sent.filename:
        try:
            return sent.stream.read(LIMIT + 1).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise Invalid(Problem(field="manifest", message="console.apps.not_utf8")) from error
    written = request.form.get("manifest", "")
    if not written.strip():
        raise Invalid(Problem(field="manifest", message="console.apps.nothing"))
    return written.replace("\r\n", "\n")


def _before(name: str) -> app_manifests.Manifest | None:
    return next((app.manifest for app in app_book.list_apps() if app.manifest.name == name), None)


def _at_lines(error: Invalid) -> list[Problem]:
    return [problem for problem in error.problems if problem.field.startswith("line-")]


def _finding(problem: Problem, lines: list[str]) -> dict[str, Any]:
    """A mistake with the line that it stands in."""
    line = int(problem.field.removeprefix("line-"))
    missing = problem.message == "apps.manifest.required"
    shown = "" if missing or line > len(lines) else lines[line - 1].strip()[:80]
    return {"line": line, "shown": shown, "words": problem_words(problem)}


def _draw(template: str, **values: Any) -> str:
    return shell.draw(template, "plugins", **({"problems": [], "written": ""} | values))
