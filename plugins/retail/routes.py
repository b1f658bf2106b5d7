"""The plugin's addresses at the desk: card desk, members, applications, receipts, returns, refunds, tasks."""

from __future__ import annotations

import flask

from core.sdk import page
from plugins.retail import desk_members, desk_returns
from plugins.retail.workflow import EXECUTE, MEMBER_READ, MEMBER_WRITE, READ, SALE_READ, WRITE

pages = flask.Blueprint("retail_pages", __name__, template_folder="templates")


def _route(rule: str, view: object, permission: str, method: str = "GET", **more: object) -> None:
    name = getattr(view, "__name__", rule)
    contract = page(permission, **more)(view)  # type: ignore[arg-type]
    pages.add_url_rule(rule, f"{name}_{method.lower()}", contract, methods=[method])


_route("/", desk_members.home, SALE_READ)
_route("/members", desk_members.member_list, MEMBER_READ)
_route("/members.csv", desk_members.member_csv, MEMBER_READ)
_route("/members/<uuid:member_id>", desk_members.member_page, MEMBER_READ)
_route("/cards/<uuid:card_id>/lost", desk_members.lose_card, MEMBER_WRITE, "POST")
_route("/cards/<uuid:card_id>/replace", desk_members.replace_card, MEMBER_WRITE, "POST")
_route("/applications", desk_members.application_list, MEMBER_READ)
_route("/applications/new", desk_members.new_application, MEMBER_WRITE)
_route(
    "/applications/new", desk_members.apply, MEMBER_WRITE, "POST", redraw=desk_members.apply_again
)
_route("/applications/<uuid:application_id>", desk_members.application_page, MEMBER_READ)
_route(
    "/applications/<uuid:application_id>/<application_step>",
    desk_members.application_step,
    MEMBER_WRITE,
    "POST",
    redraw=desk_members.application_again,
)
_route("/sales/<uuid:sale_id>", desk_returns.sale_page, SALE_READ)
_route("/sales/<uuid:sale_id>/return", desk_returns.check_return, WRITE)
_route(
    "/sales/<uuid:sale_id>/return", desk_returns.open_return, WRITE, "POST",
    redraw=desk_returns.open_again,
)  # fmt: skip
_route("/returns", desk_returns.return_list, READ)
_route("/returns.csv", desk_returns.return_csv, READ)
_route("/returns/<uuid:rma_id>", desk_returns.return_page, READ)
_route(
    "/returns/<uuid:rma_id>/<rma_step>", desk_returns.take_step, READ, "POST",
    redraw=desk_returns.step_again,
)  # fmt: skip
_route(
    "/refunds/<uuid:refund_id>/<refund_step>", desk_returns.take_refund_step, READ, "POST",
    redraw=desk_returns.refund_again,
)  # fmt: skip
_route("/tasks", desk_returns.task_list, READ)
_route("/tasks/<uuid:task_id>", desk_returns.finish_task, EXECUTE, "POST")
