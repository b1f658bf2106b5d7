"""Contractors and imports at the desk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask import flash, g, redirect, request

from core.sdk import (
    Invalid,
    Problem,
    csv_answer,
    db,
    desk_page,
    form_summary,
    job_run,
    mask_phone,
    names_of_users,
    page,
    text,
)
from plugins.property_mgmt import contractors, imports
from plugins.property_mgmt.estates import READ, WRITE, row_of
from plugins.property_mgmt.forms import TRADES
from plugins.property_mgmt.models import Contractor, Import
from plugins.property_mgmt.work_models import WorkOrder
from plugins.property_mgmt.workflow import READ as READ_ORDERS

if TYPE_CHECKING:
    from uuid import UUID

    from core.sdk import PolydeskError

RECENT = 20


def _summary(error: PolydeskError) -> list[dict[str, Any]]:
    problems = (
        error.problems
        if isinstance(error, Invalid)
        else (Problem(field="", message=f"property_mgmt.error.{error.code.replace('-', '_')}"),)
    )
    return [
        {"field": problem.field, "words": words}
        for problem, (_, words) in zip(problems, form_summary(problems), strict=True)
    ]


# --- contractors ----------------------------------------------------------------------------------


@page(READ_ORDERS)
def contractors_page() -> str:
    """Everyone that work may go to, with what they have done."""
    return _draw_contractors()


def _draw_contractors(**more: Any) -> str:
    rows = contractors.all_contractors()
    values: dict[str, Any] = {"typed": {}, "problems": [], "asked": request.args.get("edit", "")}
    return desk_page(
        "property_mgmt/contractors.html",
        rows=contractors.told(rows),
        figures=_figures(),
        trades=[(name, text(f"property_mgmt.trade.{name}")) for name in TRADES],
        mask=mask_phone,
        may_write=g.actor.can(contractors.WRITE),
        **{**values, **more},
    )


def _figures() -> dict[UUID, dict[str, Any]]:
    """Per contractor: jobs in all, those done, the mean rating of effect."""
    done = sa.func.sum(sa.case((WorkOrder.done_at.is_not(None), 1), else_=0))
    rows = db.session.execute(
        sa.select(WorkOrder.contractor_id, sa.func.count(), done, sa.func.avg(WorkOrder.effect))
        .where(WorkOrder.contractor_id.is_not(None))
        .group_by(WorkOrder.contractor_id)
    )
    return {
        row[0]: {"jobs": row[1], "done": int(row[2] or 0), "rating": row[3] and f"{row[3]:.1f}"}
        for row in rows
    }


def _add_again(error: PolydeskError) -> str:
    return _draw_contractors(asked="new", problems=_summary(error), typed=request.form)


@page(contractors.WRITE, redraw=_add_again)
def add_contractor() -> Any:
    """A firm or craftsman that work may go to."""
    form = request.form
    if not form.get("name", "").strip():
        raise Invalid(Problem(field="name", message="property_mgmt.wrong.name"))
    contractors.add_contractor(
        form["name"], form.get("phone", "").strip(), form.getlist("trades"), actor=g.actor
    )
    return redirect("/x/property_mgmt/contractors", 303)


def _change_again(error: PolydeskError, contractor_id: UUID) -> str:
    return _draw_contractors(asked=str(contractor_id), problems=_summary(error), typed=request.form)


@page(contractors.WRITE, redraw=_change_again)
def change_contractor(contractor_id: UUID) -> Any:
    """Change trades, or whether work goes there."""
    row_of(Contractor, contractor_id)
    version = request.form.get("version", "")
    values = {
        "trades": request.form.getlist("trades"),
        "active": request.form.get("active") == "1",
    }
    contractors.change_contractor(
        contractor_id, values, actor=g.actor,
        version=int(version) if version.isdecimal() else -1,
    )  # fmt: skip
    return redirect("/x/property_mgmt/contractors", 303)


# --- imports --------------------------------------------------------------------------------------


@page(WRITE)
def imports_page() -> str:
    """Send a file; the last ones and what came of them."""
    return _draw_imports()


def _draw_imports(**more: Any) -> str:
    rows = db.session.scalars(
        sa.select(Import).order_by(Import.created_at.desc(), Import.id.desc()).limit(RECENT)
    ).all()
    return desk_page(
        "property_mgmt/imports.html",
        rows=rows,
        names=names_of_users([row.created_by for row in rows]),
        columns=imports.COLUMNS,
        required=imports.REQUIRED,
        **{"problems": [], **more},
    )


def _import_again(error: PolydeskError) -> str:
    return _draw_imports(problems=_summary(error))


@page(WRITE, redraw=_import_again)
def start_import() -> Any:
    """Take a CSV file in; a job reads it."""
    given = request.files.get("file")
    if given is None or not given.filename:
        raise Invalid(Problem(field="file", message="property_mgmt.error.no_file"))
    content = given.read(imports.MOST_BYTES + 1)
    kept = imports.begin(given.filename, content, actor=g.actor)
    flash(text("property_mgmt.imports.started"))
    return redirect(f"/x/property_mgmt/imports/{kept.id}", 303)


@page(WRITE)
def import_page(import_id: UUID) -> str:
    """How a file is going in; by htmx only the part that moves."""
    kept: Import = row_of(Import, import_id)
    part = request.headers.get("HX-Request") == "true"
    return desk_page(
        f"property_mgmt/import{'_part' if part else ''}.html",
        kept=kept,
        run=job_run(kept.run_id) if kept.run_id else None,
        url=f"/x/property_mgmt/imports/{kept.id}",
        words=[_line(entry) for entry in kept.refused[:50]],
    )


def _line(entry: list[Any]) -> dict[str, Any]:
    line, column, message, values = entry
    return {"line": line, "column": column, "words": text(message, **values)}


@page(WRITE)
def import_errors(import_id: UUID) -> Any:
    """The lines that did not go in, with their reasons, as CSV."""
    kept: Import = row_of(Import, import_id)
    header = ("line", "column", "reason")
    cells = ((w["line"], w["column"], w["words"]) for w in map(_line, kept.refused))
    return csv_answer("import-errors", header, cells)


@page(READ)
def import_template() -> Any:
    """An empty file with every column and one line to copy."""
    sample = (
        "JL", "3", "1-1802", "", "", "18", "118.6", "home", "occupied", "", "owner", "", "2019-06-01",
    )  # fmt: skip
    return csv_answer("units-template", imports.COLUMNS, [sample])
