"""Every address of the plugin at the desk, on one page."""

from __future__ import annotations

import flask

from plugins.property_mgmt import desk_homes, desk_more, desk_work

pages = flask.Blueprint("property_mgmt_pages", __name__, template_folder="templates")

pages.get("/")(desk_work.board)
pages.get("/work-orders/<uuid:work_order_id>")(desk_work.order_page)
pages.post("/work-orders/<uuid:work_order_id>/moves/<work_move>")(desk_work.take_move)
pages.get("/tickets/<uuid:ticket_id>/work-orders")(desk_work.new_order)
pages.post("/tickets/<uuid:ticket_id>/work-orders")(desk_work.make_order)
pages.get("/tickets/<uuid:ticket_id>/unit")(desk_homes.ticket_unit)
pages.post("/tickets/<uuid:ticket_id>/unit")(desk_homes.set_ticket_unit)

pages.get("/estates")(desk_homes.estates_page)
pages.post("/estates")(desk_homes.add_estate)
pages.post("/estates/<uuid:estate_id>/buildings")(desk_homes.add_building)
pages.post("/buildings/<uuid:building_id>/units")(desk_homes.add_unit)
pages.get("/units")(desk_homes.units_page)
pages.get("/units.csv")(desk_homes.units_csv)
pages.get("/units/<uuid:unit_id>")(desk_homes.unit_page)
pages.post("/units/<uuid:unit_id>")(desk_homes.change_unit)
pages.post("/units/<uuid:unit_id>/residents")(desk_homes.add_resident)
pages.post("/residents/<uuid:resident_id>/move-out")(desk_homes.move_out)

pages.get("/contractors")(desk_more.contractors_page)
pages.post("/contractors")(desk_more.add_contractor)
pages.post("/contractors/<uuid:contractor_id>")(desk_more.change_contractor)
pages.get("/imports")(desk_more.imports_page)
pages.post("/imports")(desk_more.start_import)
pages.get("/imports/template.csv")(desk_more.import_template)
pages.get("/imports/<uuid:import_id>")(desk_more.import_page)
pages.get("/imports/<uuid:import_id>/errors.csv")(desk_more.import_errors)
