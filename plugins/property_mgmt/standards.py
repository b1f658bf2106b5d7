"""The CN complaint standard (PM-08, demo §4.4): categories, words of gravity and clocks that complaints takes over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.sdk import db, settings
from plugins.complaints.sdk import Category, ComplaintStandard, GradeWords
from plugins.property_mgmt.models import TicketUnit
from plugins.property_mgmt.promises import GRADE_POLICY

if TYPE_CHECKING:
    from core.sdk import Ticket

PREFIX = "P-"
CN = "cn"
WORDS = {
    "P-LIFT": "电梯, 梯门, 轿厢, 停梯, 困梯, lift, lifts, elevator",
    "P-WATER": "停水, 水压, 自来水, 水管, 下水道, 排水, 返水, 堵塞, pipe, drain, drainage, tap, sewage, no water",
    "P-POWER": "停电, 跳闸, 路灯, 楼道灯, 照明, 配电, power cut, fuse, lighting, street lamp",
    "P-GAS": "燃气, 煤气, 天然气, gas leak, smell of gas",
    "P-FIRE": "消防, 灭火器, 消火栓, 烟感, 安全出口, fire door, fire alarm, extinguisher, fire exit",
    "P-SEC": "门禁, 保安, 监控, 巡逻, 尾随, 被盗, 失窃, security guard, intercom, cctv, theft, burglary",
    "P-CLEAN": "保洁, 垃圾, 卫生, 异味, 清扫, 垃圾房, bin store, rubbish, litter, cleaning, cleaner",
    "P-GREEN": "绿化, 树枝, 草坪, 修剪, 花坛, lawn, hedge, grounds, trees",
    "P-PARK": "停车, 车位, 占位, 地库, 道闸, parking, parking space, permit, barrier",
    "P-NOISE": "噪音, 噪声, 扰民, 吵闹, 装修声, noise, noisy, loud music",
    "P-FEE": "物业费, 收费, 多收, 账单, 滞纳金, 停车费, service charge, overcharged, charged twice, invoice",
    "P-DECO": "装修, 砸墙, 拆墙, 违建, 封阳台, alterations, renovation, knocked through",
    "P-STAFF": "态度, 骂人, 推诿, 不耐烦, 敷衍, rude, attitude, shouted at",
    "P-FACIL": "公共设施, 健身器材, 游乐, 单元门, 围栏, 道路破损, playground, gate, entrance door, bench",
    "P-DAMP": "漏水, 渗水, 渗漏, 发霉, 霉斑, 返潮, 墙皮, damp, mould, mold, leak, leaking, leaks",
    "P-PRIV": "隐私, 个人信息, 泄露电话, 信息泄露, privacy, personal data, gave out my",
    "P-THROW": "高空抛物, 高空坠物, 楼上扔, thrown from, falling object, dropped from",
    "P-PET": "宠物, 遛狗, 不牵绳, 狗叫, 流浪猫, dog, dogs, off the lead, barking",
    "P-REPAIR": "维修质量, 修不好, 没修好, 又坏, 返修, 师傅没来, badly repaired, repair failed, nobody came",
    "P-HEAT": "供暖, 暖气, 地暖, 热水, 不热, heating, radiator, boiler, hot water",
    "P-NOTICE": "公示, 公告, 没通知, 信息公开, 账目, not informed, no notice, disclosure, accounts",
}
CATEGORIES = tuple(Category(code, code, words) for code, words in WORDS.items())
GRADES = (
    GradeWords(
        "critical",
        "property_mgmt.grade_words.lift_trap",
        "电梯困人, 困在电梯, 困梯, 轿厢里出不来, trapped in the lift, stuck in the lift, stuck in the elevator",
    ),
    GradeWords(
        "critical",
        "property_mgmt.grade_words.falling",
        "外墙脱落, 玻璃坠落, 瓷砖脱落, 顶板掉落, facade coming off, glass fell, tiles falling",
    ),
    GradeWords(
        "serious",
        "property_mgmt.grade_words.service_lost",
        "整栋停水, 整栋停电, 电梯停运, 电梯坏了, 两部电梯都停, 没有热水, lift out of order, no lift, no hot water",
    ),
    GradeWords(
        "serious",
        "property_mgmt.grade_words.damage_goes_on",
        "漏到楼下, 水漫, 天花板滴水, 泡了地板, 管道爆裂, burst pipe, ceiling is dripping, flooding",
    ),
)


def in_force() -> bool:
    """Whether the tenant keeps this standard."""
    return bool(settings("property_mgmt")["complaint_standard"] == CN)


def concerns(ticket: Ticket) -> bool:
    """A complaint about one of our homes, whatever its category."""
    ticket_id = getattr(ticket, "id", None)  # a ticket that is only imagined has none
    linked = sa.select(TicketUnit.unit_id).where(TicketUnit.ticket_id == ticket_id)
    return ticket_id is not None and db.session.scalar(linked) is not None


STANDARD = ComplaintStandard(
    "property_mgmt.cn",
    "property_mgmt.standard.cn",
    categories=CATEGORIES,
    grades=GRADES,
    in_force=in_force,
    concerns=concerns,
    policies=GRADE_POLICY,
)
