"""What types, attributes and fields mean (contract §1–§2): a Chinese title and an English sentence for each.

A field is looked up as `type.field` first, then by its own name: most mean the same wherever they are.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from schemas.tags import CURRENT_VERSION


class Meaning(NamedTuple):
    """A title for people who fill in forms, and what is meant."""

    title: str
    text: str


ANY_EVENT: Final = Meaning(
    "事件", "Any event of the contract: a CloudEvents 1.0 envelope in JSON around the data of its type."
)

TYPES: Final[dict[str, Meaning]] = {
    "ticket.issued": Meaning("取号", "A visitor took a number."),
    "ticket.called": Meaning(
        "叫号", "A ticket was called to a window. Another event for the same ticket is a recall (重呼)."
    ),
    "ticket.abandoned": Meaning("弃号", "A ticket was given up: nobody came, or the visitor left."),
    "ticket.transferred": Meaning("转号", "A ticket was passed on from its window to another."),
    "service.started": Meaning("开始办理", "Staff began to serve somebody at a window."),
    "service.completed": Meaning(
        "办理完成", "Staff finished serving somebody at a window. It may arrive before its start."
    ),
    "rating.submitted": Meaning(
        "提交评价", "Somebody rated a service. The first one of a service with round 1 counts (一次一评)."
    ),
    "rating.voided": Meaning("评价作废", "It was decided that a rating does not count."),
    "rating.reinstated": Meaning("评价恢复", "It was decided that a voided rating counts after all."),
    "appeal.filed": Meaning("提出申诉", "Staff objected to a rating."),
    "appeal.decided": Meaning("申诉裁定", "An objection was decided. By itself it voids nothing; rating.voided does."),
    "rectification.contacted": Meaning("整改：回访联系", "The rater of a bad rating (差评) was contacted."),
    "rectification.verified": Meaning(
        "整改：核实", "A bad rating was looked into: whether it is founded, and who answers for it."
    ),
    "rectification.extended": Meaning("整改：延期", "More time was granted to put a matter right; it counts once."),
    "rectification.completed": Meaning("整改：完成", "What a bad rating was about was put right."),
    "rectification.revisited": Meaning("整改：复评回访", "The rater was asked again, after the rectification."),
    "window.opened": Meaning("窗口开放", "A member of staff opened a window; who, the envelope says."),
    "window.paused": Meaning("窗口暂停", "A window stopped serving for a while."),
    "window.resumed": Meaning("窗口恢复", "A paused window serves again."),
    "window.closed": Meaning("窗口关闭", "A window closed."),
    "conduct.recorded": Meaning(
        "巡查与纪律记录", "An inspection or a complaint found something about staff, a window or a site."
    ),
    "conduct.withdrawn": Meaning("记录撤销", "A record of conduct was withdrawn."),
    "supervision.opened": Meaning("督办立项", "A matter was put under supervision, with a date by which it is due."),
    "supervision.closed": Meaning("督办办结", "A supervised matter was closed."),
    "suggestion.received": Meaning(
        "意见建议", "Somebody suggested something, in a book, a box, a letter, or by phone."
    ),
    "device.heartbeat": Meaning("设备心跳", "A device is alive; on the topic of its own, pingliu.devices."),
}

ENVELOPE: Final[dict[str, Meaning]] = {
    "specversion": Meaning("规范版本", "The version of CloudEvents."),
    "id": Meaning(
        "事件编号", "With source it names the event: the same pair again is a redelivery, and changes nothing."
    ),
    "source": Meaning("来源", "Who says it, like terminal/DG-00042; one device or system."),
    "type": Meaning("事件类型", "What happened."),
    "time": Meaning(
        "事件时间",
        "When it happened, by RFC 3339 with an offset; read to the millisecond. Days are those of Asia/Shanghai.",
    ),
    "street": Meaning(
        "街道代码",
        "The street's 9 digits; also the Kafka key. The district's own centre is a street of its own (…000).",
    ),
    "site": Meaning("站点代码", "The centre or station; it starts with the street's code."),
    "window": Meaning("窗口代码", "The window; it starts with the site's code."),
    "staff": Meaning("窗口人员", "Who served, where the device knows: a code, never a name."),
    "data": Meaning("数据", "What the type says; a field that the contract doesn't know is kept."),
}

_FIELDS: Final[dict[str, Meaning]] = {
    "ticket": Meaning("号票编号", "The ticket, unique in the district."),
    "item": Meaning("事项编码", "The matter that is asked for, a code of the registry."),
    "ticket.issued.priority": Meaning(
        "优先类别", "Why the visitor goes first: elderly 老年, disabled 残障, military 军人; normal 普通."
    ),
    "ticket.issued.channel": Meaning(
        "取号渠道", "Where the number was taken: kiosk 取号机, mobile 手机, appointment 预约, counter 导办台."
    ),
    "call_no": Meaning("呼叫次数", "Which call of the ticket it is, from 1."),
    "ticket.abandoned.reason": Meaning("弃号原因", "no_show 过号未到, left 离开, cancelled 取消."),
    "to_window": Meaning("转往窗口", "The window that the ticket is passed on to."),
    "service": Meaning("服务编号", "The service (一次服务), unique in the district."),
    "kind": Meaning("服务类型", "consult 咨询, accept 申办, pickup 领证, agent 帮办代办."),
    "case": Meaning("办件编号", "The case (办件) that the service belongs to."),
    "outcome": Meaning("办理结果", "done 办结, supplement 补正材料, refused 不予受理, unresolved 未能解决."),
    "promised_by": Meaning("承诺办结时间", "By when the case is promised to be finished, a time with an offset."),
    "rating": Meaning("评价编号", "The rating, unique in the district; a rectification bears its rating's."),
    "rating.submitted.service": Meaning(
        "服务编号", "The service that is rated. Without one the rating counts by itself, and is flagged."
    ),
    "level": Meaning(
        "满意度",
        "very_satisfied 非常满意, satisfied 满意, basically_satisfied 基本满意, dissatisfied 不满意, "
        "very_dissatisfied 非常不满意. Words, for numbers run in both directions among vendors.",
    ),
    "rating.submitted.channel": Meaning(
        "评价渠道", "Where it was rated; system_default is a default that nobody gave, and never counts."
    ),
    "tags": Meaning("评价标签", "Codes of the tags that were chosen, of the rating's level."),
    "tag_version": Meaning(
        "标签版本", f"The version of the list of tags that was shown; {CURRENT_VERSION} without one."
    ),
    "comment": Meaning(
        "评价内容", "What the rater wrote. Phone, identity-card and plate numbers are masked before it is stored."
    ),
    "real_name": Meaning("是否实名", "Whether the rater gave a name."),
    "rater": Meaning(
        "评价人标识", "A phone number or another stable mark of the rater; only a keyed hash of it is stored."
    ),
    "round": Meaning(
        "评价轮次", "1 the first rating, 2 a later one (追评), which never replaces the first; 1 without it."
    ),
    "rating.voided.reason": Meaning(
        "作废原因",
        "mistake 误评, malicious 恶意, duplicate 重复, test 测试, self_rated 自评, coerced 诱导强制, other 其他.",
    ),
    "decided_by": Meaning("裁定人", "Who decided, a code."),
    "document": Meaning("文号", "The document of the decision."),
    "appeal": Meaning("申诉编号", "The appeal, unique in the district."),
    "ground": Meaning("申诉理由", "Why the rating is objected to."),
    "appeal.decided.result": Meaning("裁定结果", "upheld 成立, rejected 驳回."),
    "by": Meaning("经办人", "Who did it, a code."),
    "finding": Meaning("核实结论", "valid 属实, explained 已解释, void 不成立 (the rectification is closed as void)."),
    "liable": Meaning(
        "责任归属", "Who answers for it: staff 窗口人员, department 部门, item 事项, system 系统, none 无."
    ),
    "rectification.verified.staff": Meaning("责任人员", "The member of staff who answers for it, a code."),
    "workdays": Meaning("延长工作日", "By how many workdays, 1 to 10."),
    "rectification.extended.reason": Meaning("延期理由", "Why more time is needed."),
    "approved_by": Meaning("批准人", "Who granted it, a code."),
    "measure": Meaning("整改措施", "What was done."),
    "rectification.revisited.result": Meaning(
        "复评结果", "satisfied 满意, basically_satisfied 基本满意, dissatisfied 不满意."
    ),
    "window.paused.reason": Meaning(
        "暂停原因", "meal 用餐, meeting 会议, material 取送材料, system 系统故障, other 其他."
    ),
    "planned_minutes": Meaning("计划时长（分钟）", "For how many minutes it is planned."),
    "record": Meaning("记录编号", "The record, unique in the district."),
    "rule": Meaning("条款代码", "A code of the rules file (conduct.codes)."),
    "target": Meaning("对象类别", "Whom it is about: staff 人员, window 窗口, site 站点."),
    "target_id": Meaning("对象代码", "The code of that member of staff, window or site."),
    "points": Meaning("分值", "The points of this record, where they are not the rule's."),
    "incident": Meaning("事件关联号", "Records of one incident bear the same."),
    "note": Meaning("说明", "What was found."),
    "matter": Meaning("督办件编号", "The supervised matter, unique in the district."),
    "due": Meaning("办结期限", "The day by whose end it is due (YYYY-MM-DD)."),
    "suggestion": Meaning("建议编号", "The suggestion, unique in the district."),
    "text": Meaning("内容", "What is suggested."),
    "via": Meaning("途径", "book 意见簿, box 意见箱, 12345 热线, letter 信函, mobile 手机."),
    "device": Meaning("设备编号", "The device."),
    "device.heartbeat.kind": Meaning("设备类型", "rating 评价器, queue 排队机, kiosk 自助机, camera 摄像头."),
    "backlog": Meaning("积压条数", "How many events the device still has to send."),
    "battery": Meaning("电量（%）", "What is left of the battery, in percent."),
    "firmware": Meaning("固件版本", "The version of its program."),
}


def of_field(kind: str, field: str) -> Meaning:
    """What a field of a type's data means. Raises KeyError for one that has no meaning yet."""
    return _FIELDS.get(f"{kind}.{field}") or _FIELDS[field]


PUBLISHED: Final[dict[str, Meaning]] = {
    "LiveBucket": Meaning(
        "实时指标",
        "One live bucket: the counters of a minute or a day, of a window or a street. An upsert; 0 is left out.",
    ),
    "Notice": Meaning("提醒", "What supervisors must hear of. Said again it has the same id. No personal data in it."),
    "Rejected": Meaning("拒收消息", "A message that was refused, with its reason; bytes are base64."),
}

PUBLISHED_FIELDS: Final[dict[str, Meaning]] = {
    "LiveBucket.grain": Meaning(
        "粒度", "Of what the counters are: window_minutes, window_days, street_minutes, street_days."
    ),
    "LiveBucket.bucket": Meaning("时段", "The start of the minute (RFC 3339, +08:00), or the date, of Asia/Shanghai."),
    "LiveBucket.version": Meaning(
        "版本", "The offset below which all events of the street are counted; the greater replaces."
    ),
    "tickets": Meaning("取号数", "Tickets issued; of streets only."),
    "calls": Meaning("叫号数", "First calls."),
    "abandoned": Meaning("弃号数", "Tickets given up."),
    "services": Meaning("办理数", "Services completed."),
    "ratings": Meaning("有效评价数", "Effective ratings."),
    "very_satisfied": Meaning("非常满意", "Effective ratings of this level."),
    "satisfied": Meaning("满意", "Effective ratings of this level."),
    "basically_satisfied": Meaning("基本满意", "Effective ratings of this level."),
    "dissatisfied": Meaning("不满意", "Effective ratings of this level."),
    "very_dissatisfied": Meaning("非常不满意", "Effective ratings of this level."),
    "points": Meaning("得分合计", "The sum of the levels' points: 10, 8, 6, 3, 0."),
    "duplicates": Meaning("重复数", "Redeliveries and later events for the same id."),
    "wait_ms": Meaning("等候时长合计", "The sum of the waits, in milliseconds."),
    "wait_count": Meaning("等候次数", "How many waits that sum holds."),
    "handle_ms": Meaning("办理时长合计", "The sum of the handling times, in milliseconds."),
    "handle_count": Meaning("办理时长次数", "How many handling times that sum holds."),
    "rectifications_opened": Meaning("整改立项数", "Rectifications opened."),
    "street": Meaning("街道代码", "The street's 9 digits."),
    "site": Meaning("站点代码", "The site; empty where it is the street's own."),
    "window": Meaning("窗口代码", "The window; empty where it is the street's own."),
    "Notice.id": Meaning("提醒编号", "Names the notice; the same again says nothing new."),
    "Notice.type": Meaning(
        "提醒类型",
        "What it is about: rectification.opened, rectification.due_soon, rectification.overdue, rating.flagged, "
        "device.offline, device.back, queue.congested, queue.cleared.",
    ),
    "Notice.time": Meaning("时间", "The moment it is about (RFC 3339)."),
    "Notice.data": Meaning("数据", "What the type says."),
    "reason": Meaning("拒收原因", "The first reason that applies, one of contract §3."),
    "detail": Meaning("说明", "A sentence for people, without personal data."),
    "path": Meaning("字段路径", "The field at fault; empty where it is the message as a whole."),
    "raw": Meaning("原文（已脱敏）", "The message with personal data masked, base64."),
    "sealed": Meaning("原文（已加密）", "The original bytes, encrypted with the district's secret, base64."),
    "topic": Meaning("主题", "Where the message was."),
    "partition": Meaning("分区", "Where the message was."),
    "offset": Meaning("偏移量", "Where the message was."),
    "received_ms": Meaning("接收时间", "The broker's timestamp, epoch milliseconds."),
}


def of_published_field(message: str, field: str) -> Meaning:
    """What a field of a published message means. Raises KeyError for one that has no meaning yet."""
    return PUBLISHED_FIELDS.get(f"{message}.{field}") or PUBLISHED_FIELDS[field]
