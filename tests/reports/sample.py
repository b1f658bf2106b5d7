"""A filled complaint register, as the prototype shows it, without a word of an industry."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

from PIL import Image, ImageDraw


def at(day: int, hour: int, minute: int) -> datetime:
    """A moment of November 2026, in UTC, eight hours behind Shanghai."""
    return datetime(2026, 11, day, hour - 8, minute, tzinfo=UTC)


def signature() -> bytes:
    """A drawn signature as the portal hands it over: dark strokes on nothing."""
    image = Image.new("RGBA", (660, 220), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    strokes = [
        (40, 60, 150, 50),
        (95, 20, 90, 190),
        (95, 70, 40, 160),
        (250, 40, 250, 180),
        (250, 40, 330, 40),
    ]
    for stroke in [
        *strokes,
        (330, 40, 330, 180),
        (400, 60, 560, 50),
        (480, 20, 420, 190),
        (480, 90, 600, 190),
    ]:
        pen.line(stroke, fill=(26, 34, 51, 255), width=7)
    target = io.BytesIO()
    image.save(target, "PNG")
    return target.getvalue()


def choices(titles: str, chosen: str) -> list[dict[str, Any]]:
    """Boxes of which one is ticked."""
    return [{"title": title, "chosen": title == chosen} for title in titles.split()]


def register(edition: str = "customer", **changes: Any) -> dict[str, Any]:
    """What the report's query gives to the template."""
    filled: dict[str, Any] = {
        "edition": edition,
        "organisation": "云栖服务有限公司",
        "office": "云栖花园客户服务中心",
        "number": "TS-2611-00318",
        "complainant": "林晓雯",
        "phone": "138****6021",
        "company": "",
        "location": "车库 B2 层 C 区",
        "identities": choices("个人 单位 代办人", "个人"),
        "priorities": choices("一般 紧急 特急", "紧急"),
        "channels": choices("门户 电话 微信 邮件 现场", "门户"),
        "findings": choices("成立 部分成立 不成立", "成立"),
        "receiver": "周敏",
        "complained_at": at(19, 8, 42),
        "received_at": at(19, 8, 48),
        "category": "工程维修 › 给排水",
        "content": "负二层 C 区排水沟 17 日和 19 日早上两次返水，水深没过脚面，"
        "我的车（车位 B2-0317）底盘进水。"
        "请查明原因、彻底处理，并给出书面答复。",
        "wishes": "查明原因并彻底处理；出具书面答复函；承担洗车及底盘检查费用。",
        "attachments": 2,
        "details": [],
        "judgement": {
            "grounds": "公共排水设施维护属服务合同第 12 条约定范围",
            "department": "工程维修部",
            "by": "周敏",
            "at": at(19, 9, 20),
        },
        "investigation": {
            "findings": "排水沟被装修垃圾堵塞，2 号潜污泵浮球开关失灵未自动启泵。",
            "root_cause": "装修期间未加装沟口滤网，潜污泵月检漏检。",
            "by": "赵建国",
            "at": at(19, 14, 56),
            "responsible": "钱大明",
        },
        "measures": [
            {
                "measure": "更换 2 号潜污泵浮球开关，清掏 C 区排水沟",
                "department": "工程维修部",
                "responsible": "孙立",
                "due_at": at(20, 17, 30),
                "done_at": at(20, 17, 12),
            },
            {
                "measure": "加装液位报警，异常推送值班室",
                "department": "工程维修部",
                "responsible": "孙立",
                "due_at": at(23, 18, 0),
                "done_at": None,
            },
            {
                "measure": "洗车及底盘检查费 380 元凭票据报销，出具书面答复函",
                "department": "客户服务中心",
                "responsible": "吴静",
                "due_at": at(25, 18, 0),
                "done_at": None,
            },
        ],
        "approval": {
            "note": "同意按方案执行。举一反三，本月内完成全部 11 台潜污泵专项检查。",
            "by": "客服主管 沈嘉",
            "at": at(20, 8, 50),
        },
        "result": "2 号潜污泵恢复自动启停，C 区排水沟清掏 62 米，现场试水 30 分钟无返水。",
        "customer": {
            "resolved": True,
            "comment": "同意处理结果。",
            "signature": signature(),
            "signer": "林晓雯",
            "signed_at": at(20, 17, 31),
        },
        "follow_up": {
            "channels": choices("电话 微信 上门 线上问卷", "线上问卷"),
            "at": at(21, 10, 5),
            "ratings": [
                {"title": "响应速度", "score": 5},
                {"title": "解决效果", "score": 4},
                {"title": "服务态度", "score": 5},
            ],
            "comment": "",
        },
        "improvement": {"note": "", "by": "", "at": None},
        "pictures": [],
    }
    return {
        "r": {**filled, **changes},
        "link": "http://yunqi.localhost:8080/track/0192f0a1-7c1e.kJ3hQ0c8sL",
        "verify_code": "7F3A-91C2-0B6E",
        "printed_at": at(21, 17, 32),
        "printed_by": "周敏",
    }
