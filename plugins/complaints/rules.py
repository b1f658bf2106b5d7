"""The keyword rules that triage ships with, after the grades of every industry; a tenant makes them its own."""

from __future__ import annotations

from typing import Any

RULES: tuple[tuple[str, str, str], ...] = (
    # grade, what it is about, the words that say so: danger to life or health comes first
    ("critical", "人身伤害 Injury",
     ("受伤, 流血, 昏迷, 休克, 骨折, 触电, 烧伤, 烫伤, 送医, 急救, 生命危险, injured, bleeding, unconscious, "
     "electric shock, electrocuted, scalded, burnt, ambulance, life-threatening")),
    ("critical", "被困 Trapped", "被困, 困在, 关在里面, 出不来, trapped, stuck inside, locked in, cannot get out"),
    ("critical", "火情 Fire",
     "着火, 起火, 火灾, 冒烟, 自燃, 爆炸, on fire, caught fire, smoke, burning smell, explosion, exploded"),
    ("critical", "燃气与有害物 Gas and harmful substances",
     ("燃气泄漏, 燃气味, 煤气, 一氧化碳, 有毒, 危险品泄漏, gas leak, smell of gas, smells of gas, "
     "carbon monoxide, toxic, leaking chemicals")),
    ("critical", "坠落与坍塌 Falling and collapse",
     "坠落, 高空抛, 砸到, 砸伤, 倒塌, 坍塌, 塌陷, falling object, fell on, fell from, collapsed, collapse"),
    ("critical", "中毒 Poisoning", "中毒, 食物中毒, poisoned, poisoning, food poisoning"),
    ("critical", "暴力与威胁 Violence and threats",
     "殴打, 打人, 动手打, 持刀, 恐吓, 人身威胁, assaulted, beaten, attacked, threatened, knife"),
    ("critical", "救命药品 Medical supply", "急救药, 救命药, 胰岛素, 透析, insulin, life-saving, dialysis"),
    # an essential service lost, damage that goes on, dignity and data, fraud, the law, the third time
    ("serious", "基本服务中断 Essential service lost",
     ("停水, 停电, 断水, 断电, 停暖, 没有暖气, 完全无法使用, no water, no power, power cut, no heating, "
     "out of service")),
    ("serious", "损失在扩大 Damage goes on",
     "还在漏, 一直漏, 不断漏, 越来越严重, 损失扩大, still leaking, keeps leaking, getting worse"),
    ("serious", "个人信息泄露 Personal data",
     "信息泄露, 泄露隐私, 泄露我的, 泄露个人, data leak, leaked my, gave out my, privacy"),
    ("serious", "侮辱与歧视 Humiliation",
     "辱骂, 侮辱, 羞辱, 歧视, 骂人, insulted, humiliated, discriminated, discrimination, racist"),
    ("serious", "欺诈与违规收费 Fraud and unlawful charges",
     "欺诈, 诈骗, 盗刷, 乱收费, 强制收费, 重复扣款, fraud, scam, unlawful charge, charged twice"),
    ("serious", "超过法定期限 Legal time limit", "法定期限, 超过期限, 逾期不, legal deadline, statutory deadline"),
    ("serious", "多次反映 Third time",
     ("第三次, 第四次, 多次投诉, 多次反映, 反复投诉, 三番五次, third time, third complaint, fourth time, "
     "complained several times")),
    ("serious", "安全隐患 Hazard", "安全隐患, 漏电, 隐患, hazard, unsafe, dangerous"),
    ("minor", "建议 Suggestion", "建议, 希望改进, 小问题, suggestion, i suggest, minor issue, small thing"),
)  # fmt: skip


def shipped() -> list[dict[str, Any]]:
    """The rules as settings keep them."""
    return [{"name": name, "grade": grade, "words": words} for grade, name, words in RULES]
