from core.actors import SYSTEM, OPERATOR
from core.auth import service as people
from core.config import load_config
from core.contacts.links import MATTER_GRANTS
from core.db import transaction, clear_session, db
from core.tenancy import as_tenant, find_tenant
from core.tickets import service as tickets
from core.clock import VirtualClock, now
from tests.conftest import make_app
from tests.complaints.conftest import Case, new_complaint, TO_PLAN, TO_APPROVE
from types import SimpleNamespace


def test_look(house, somebody):
    installation = house["installation"]
    app = make_app(load_config(installation.environment))
    with app.app_context(), as_tenant(find_tenant("jinlan")):
        li, chen = (people.actor_for(people.find_user(f"{n}@jinlan.example")) for n in ("li", "chen"))
        for i, names in enumerate([(), (), TO_PLAN, TO_APPROVE]):
            with transaction():
                t = tickets.open_ticket(new_complaint(subject=f"排水沟返水 {i}", team_id=house["team"]), actor=li)
            clock = SimpleNamespace(at=now(), advance=lambda d: None)
            h = SimpleNamespace(agent=li, supervisor=chen, works_department=house["works"])
            Case(h, clock, t, None).go(*names)
        clear_session()
        for engine in db.engines.values():
            engine.dispose()
    with installation.running("polydesk", "serve"):
        boss = somebody("desk")
        boss.sign_in("chen@jinlan.example")
        boss.open("/x/complaints/")
        boss.page.screenshot(path="/tmp/complaints_board.png")
        boss.open("/desk/?view=all")
        boss.page.click("text=排水沟返水 0")
        boss.page.wait_for_url("**/desk/tickets/**")
        boss.page.locator("a[href*='do=report-work']").first.click()
        boss.page.wait_for_selector("text=通知内容")
        boss.page.screenshot(path="/tmp/complaints_work.png")
        admin = somebody("desk")
        admin.sign_in("zhou@jinlan.example")
        admin.open("/console/audit")
        admin.page.screenshot(path="/tmp/complaints_audit.png", full_page=True)
        phone = somebody("phone")
        phone.sign_in("chen@jinlan.example")
        phone.open("/x/complaints/")
        phone.page.screenshot(path="/tmp/complaints_phone.png")
        for p in (boss, admin, phone):
            p.leave()
