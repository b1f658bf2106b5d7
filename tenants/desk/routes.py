"""The desk's addresses: the agents' workspace under /desk."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Flask

from core.host import offer_desk
from tenants.desk import (
    app_pages,
    bulk,
    contact_pages,
    intake,
    queue_pages,
    ticket_actions,
    ticket_pages,
)
from tenants.desk.layout import layout

blueprint = Blueprint("desk", __name__, url_prefix="/desk", template_folder="templates")
blueprint.record(lambda state: offer_desk(cast("Flask", state.app), layout))

TICKET = "/tickets/<uuid:ticket_id>"
CONTACT = "/contacts/<uuid:contact_id>"

for rule, method, view in (
    ("/", "GET", queue_pages.queue),
    ("/bulk", "POST", bulk.bulk),
    ("/tickets/new", "GET", intake.new_ticket),
    ("/tickets/new", "POST", intake.open_ticket),
    ("/tickets/new/contact", "POST", intake.new_contact),
    (TICKET, "GET", ticket_pages.ticket),
    (f"{TICKET}/record", "GET", ticket_pages.record),
    (f"{TICKET}/panels/<name>", "GET", ticket_pages.panel),
    (f"{TICKET}/messages", "POST", ticket_actions.post_message),
    (f"{TICKET}/messages/<uuid:message_id>/recall", "POST", ticket_actions.recall),
    (f"{TICKET}/moves/<name>", "POST", ticket_actions.move),
    (f"{TICKET}/properties", "POST", ticket_actions.properties),
    (f"{TICKET}/accept", "POST", ticket_actions.accept),
    (f"{TICKET}/decline", "POST", ticket_actions.decline),
    (f"{TICKET}/watch", "POST", ticket_actions.watch),
    (f"{TICKET}/hand-over", "POST", ticket_actions.hand_over),
    (f"{TICKET}/hand-over/accept", "POST", ticket_actions.accept_handover),
    (f"{TICKET}/take-back", "POST", ticket_actions.take_back),
    (f"{TICKET}/work-reports", "POST", ticket_actions.report_work),
    (f"{TICKET}/merge", "POST", ticket_actions.merge),
    (f"{TICKET}/points/<uuid:point_id>/reveal", "POST", ticket_actions.reveal),
    (f"{TICKET}/apps/<app_name>/<action_name>", "GET", app_pages.app_form),
    (f"{TICKET}/apps/<app_name>/<action_name>", "POST", app_pages.run_app),
    ("/contacts", "GET", contact_pages.contact_list),
    (CONTACT, "GET", contact_pages.contact),
    (CONTACT, "POST", contact_pages.edit_contact),
    (f"{CONTACT}/points", "POST", contact_pages.add_point),
    (f"{CONTACT}/points/<uuid:point_id>/reveal", "POST", contact_pages.reveal_point),
    (f"{CONTACT}/verify", "POST", contact_pages.verify),
    (f"{CONTACT}/export", "POST", contact_pages.export_person),
    (f"{CONTACT}/erase", "POST", contact_pages.erase_person),
    (f"{CONTACT}/panels/<name>", "GET", contact_pages.contact_panel),
    ("/files/<uuid:attachment_id>", "GET", ticket_pages.file),
    ("/files/<uuid:attachment_id>/small", "GET", ticket_pages.thumbnail),
):
    blueprint.add_url_rule(rule, view_func=view, methods=[method])
