"""A leaking pipe: reported from a phone, dispatched, done on the contractor's phone, signed by the resident, closed."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageDraw
from pypdf import PdfReader

from core.actors import SYSTEM
from core.auth import service as people
from core.contacts.points import PointIn
from core.contacts.service import create_contact
from core.db import db, transaction
from plugins.property_mgmt import contractors, estates, residents
from tenants import service
from tests.browser.conftest import answer, fetched, press, submit

pytestmark = [pytest.mark.browser, pytest.mark.story]


@pytest.fixture
def estate(house):
    """The house looks after one estate and knows one plumber."""
    inside = house["installation"].inside
    with inside("jinlan"), transaction():
        service.enable_plugin("property_mgmt", actor=SYSTEM)
    with inside("jinlan"), transaction():
        admin = people.actor_for(people.find_user("zhou@jinlan.example"))
        found = estates.add_estate(
            {"code": "JL", "name": "锦澜花园", "service_grade": 1}, actor=admin
        )
        building = estates.add_building(
            {"estate_id": found.id, "code": "3", "name": "3栋"}, actor=admin
        )
        unit = estates.add_unit(
            {"building_id": building.id, "number": "1-1802", "area_cm2": 1_186_000}, actor=admin
        )
        contact = create_contact(
            "林晓雯", points=[PointIn("phone", "+8613800006021")], verified=True, actor=admin
        )
        db.session.flush()
        residents.move_in(
            {"unit_id": unit.id, "contact_id": contact.id, "role": "owner"}, actor=admin
        )
        contractors.add_contractor("清源管道", "13800009102", ["water"], actor=admin)
    return house


def _photo(folder, name, tone):
    """A real JPEG with a camera's EXIF."""
    picture = Image.effect_noise((1200, 900), 60).convert("RGB")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((80, 80, 1120, 820), fill=tone)
    pen.rectangle((520, 80, 640, 620), fill="#c98a3d")
    pen.ellipse((430, 560, 740, 780), fill="#5d6a75")
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    path = folder / name
    picture.save(path, "JPEG", exif=exif, quality=88)
    return path


@pytest.fixture
def leak(tmp_path):
    return _photo(tmp_path, "漏水.jpg", "#b9c3c9")


@pytest.fixture
def mended(tmp_path):
    return _photo(tmp_path, "修好.jpg", "#d9e6df")


def _choose(radio):
    """Tick what the phone's bottom bar may lie over."""
    radio.evaluate("input => input.scrollIntoView({block: 'center'})")
    radio.check(force=True)


def _report(phone, leak):
    page = phone.open("/")
    page.click("a[href='/p/property_mgmt/repair']")
    form = "main form[method=post]"
    page.locator(f"{form} button[type=submit]").last.click()
    page.wait_for_selector(".err-summary")
    phone.keep("property-repair-error-mobile")
    page.locator(f"{form} [name=building]").first.check(force=True)
    page.locator(f"{form} .pick3 label").first.click()
    answer(
        page,
        form,
        {
            "number": "1-1803",
            "name": "林晓雯",
            "phone": "13800006021",
            "description": "厨房水槽下面一直滴水，柜子底板已经泡软了。",
        },
    )
    page.locator(f"{form} button[type=submit]").last.click()
    page.wait_for_selector(".err-summary")
    assert "没有这个房号" in page.locator(".err-summary").inner_text()
    answer(page, form, {"number": "1-1802", "location": "厨房水槽下方"})
    _choose(page.locator(f"{form} [name=visit_window][value=morning]"))
    page.set_input_files(f"{form} input[type=file]", leak)
    phone.keep("property-repair-mobile")
    page.locator(f"{form} button[type=submit]").last.click()
    page.wait_for_url("**/receipt")
    number = page.locator("text=/RP-\\d{4}-\\d{5}/").first.inner_text()
    return number, page.url.removesuffix("/receipt")


def _move(page, order, name, answers=None):
    page.goto(f"{order}?move={name}")
    submit(page, f"form[action$='/moves/{name}']", answers)


def _step(page, job, name, answers=None):
    """A step on the contractor's phone: its large button, or the form behind it."""
    page.goto(f"{job}?do={name}" if answers else job)
    submit(page, f"main form:has(input[name=move][value={name}])", answers)


def _sign(page, form):
    canvas = page.locator(f"{form} canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 30, box["y"] + 40)
    page.mouse.down()
    for step in range(12):
        page.mouse.move(box["x"] + 30 + step * 15, box["y"] + 40 + (step % 3) * 20)
    page.mouse.up()


def _rate(page, form):
    """Five of five, by whatever the form draws: radios or lists."""
    for name in ("speed", "effect", "attitude"):
        field = page.locator(f"{form} [name={name}]")
        if field.first.evaluate("e => e.tagName") == "SELECT":
            field.first.select_option("5")
        else:
            _choose(page.locator(f"{form} [name={name}][value='5']"))


def test_a_leaking_pipe_from_the_phone_to_the_signature(estate, somebody, leak, mended):
    installation = estate["installation"]
    with installation.running("polydesk", "serve"):
        phone, agent, plumber = somebody("phone"), somebody("desk"), somebody("phone")
        dark = somebody("desk", dark=True)
        number, link = _report(phone, leak)

        desk = agent.sign_in("li@jinlan.example")
        desk.goto(f"{estate['url']}/x/property_mgmt/")
        agent.keep("property-board-desk")
        desk.locator(".lcard", has_text=number).first.click()
        desk.wait_for_url("**/work-orders/**")
        order = desk.url.split("?")[0]
        desk.goto(f"{order}?move=triage")
        agent.keep("property-triage-desk")
        _move(
            desk,
            order,
            "triage",
            {"trade": "water", "priority": "urgent", "task": "更换水槽下水管，检查角阀"},
        )
        desk.goto(f"{order}?move=dispatch")
        desk.locator("form[action$='/moves/dispatch'] [name=contractor]").first.evaluate(
            "e => e.tagName"
        )
        firm = desk.locator("form[action$='/moves/dispatch'] [name=contractor]").first
        if firm.evaluate("e => e.tagName") == "SELECT":
            firm.select_option(index=1)
        else:
            _choose(firm)
        submit(desk, "form[action$='/moves/dispatch']")
        job = desk.locator("#contractor input[readonly]").first.input_value()
        assert "/p/property_mgmt/job/" in job

        work = plumber.open(job)
        assert "林晓雯" not in work.inner_text("main"), "nobody is named before the job is taken"
        plumber.keep("property-job-mobile")
        _step(work, job, "accept")
        assert "林晓雯" in work.inner_text("main")
        picture = work.locator(".shots img").first
        picture.evaluate("image => image.decode()")
        assert picture.evaluate("image => image.naturalWidth") == 1200
        _step(work, job, "arrive")
        work.set_input_files("#f-photos", leak)
        _choose(work.locator("#f-phase-before"))
        submit(work, "main form:has(#f-photos)")
        _step(work, job, "start")
        _step(work, job, "wait_parts", {"said": "缺一个角阀"})
        _step(work, job, "resume")
        plumber.keep("property-job-working-mobile")
        work.goto(f"{job}?do=finish")
        form = "main form:has(input[name=move][value=finish])"
        answer(
            work,
            form,
            {"result": "更换下水软管和角阀，试水十五分钟无渗漏。", "parts": "软管 1 根，角阀 1 个"},
        )
        work.locator(f"{form} button[type=submit]").last.click()
        work.wait_for_selector(".err-summary")
        assert "照片" in work.locator(".err-summary").inner_text()
        work.set_input_files(f"{form} input[type=file]", mended)
        plumber.keep("property-job-finish-mobile")
        submit(work, form)

        customer = phone.open(link)
        assert "维修进度" in customer.inner_text("main")
        customer.wait_for_selector("a[href*='/p/property_mgmt/work/1/x/']")
        phone.keep("property-matter-mobile")
        press(customer, "a[href*='/p/property_mgmt/work/1/x/']")
        assert "更换下水软管" in customer.inner_text("#result")
        phone.keep("property-sign-mobile")
        form = "main form:has(input[name=move][value=sign])"
        _sign(customer, form)
        submit(customer, form, {"words": "修好了，谢谢。"})
        form = "main form:has(input[name=move][value=rate])"
        _rate(customer, form)
        submit(customer, form)
        phone.keep("property-rated-mobile")

        _move(desk, order, "close")
        agent.keep("property-order-desk")
        assert "已关闭" in desk.inner_text("main")
        dark.sign_in("chen@jinlan.example").goto(order)
        dark.keep("property-order-desk-dark")
        desk.goto(f"{estate['url']}/x/property_mgmt/units")
        agent.keep("property-units-desk")
        desk.click("text=JL-3-1-1802")
        desk.wait_for_url("**/units/**")
        agent.keep("property-unit-desk")
        ticket = desk.locator("#history a").first.get_attribute("href")
        desk.goto(estate["url"] + ticket)
        desk.wait_for_selector("text=锦澜花园 3栋 1-1802")
        agent.keep("property-ticket-desk")
        report = f"/desk/reports/property_mgmt.work_order.pdf?ticket_id={ticket.rpartition('/')[2]}&position=1"
        status, printed = fetched(desk, report)
        assert status == 200
        reader = PdfReader(io.BytesIO(printed))
        words = "".join(sheet.extract_text() for sheet in reader.pages)
        assert number in words.replace(" ", "")
        assert "清源管道" in words
        assert len([image for sheet in reader.pages for image in sheet.images]) >= 3
        for person in (phone, agent, plumber, dark):
            person.leave()
    assert ": green" in installation.quickly("audit", "verify", "jinlan")
    assert "green" in installation.quickly("sla", "verify", "jinlan")
