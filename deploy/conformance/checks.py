"""The checks beyond the schema: each with its weight, a Chinese title, and the function that finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Literal, NamedTuple

from deploy.conformance import codes, identities, journeys
from deploy.conformance.seen import Finding, Output

Weight = Literal["problem", "remark", "note"]


class Check(NamedTuple):
    """A check. A `problem` means that the output doesn't conform, a `remark` that a figure may suffer."""

    weight: Weight
    title: str
    find: Callable[[Output], Iterator[Finding]]

    @property
    def name(self) -> str:
        """What it looks for, for programs."""
        return self.find.__name__

    @property
    def says(self) -> str:
        """What it looks for and what comes of it, for people: the first line of the function's own words."""
        return (self.find.__doc__ or "").partition("\n")[0]


CHECKS: Final = (
    Check("problem", "来源和编号相同而内容不同", identities.other_content),
    Check("remark", "同一编号用于不同种类", identities.id_of_two_kinds),
    Check("remark", "同一事项重复上报", identities.said_twice),
    Check("remark", "同一服务多次评价", identities.rated_twice),
    Check("remark", "时间先后不合理", journeys.implausible_times),
    Check("remark", "上报过迟", journeys.late),
    Check("remark", "有开始而无完成", journeys.not_completed),
    Check("remark", "有完成而无开始", journeys.not_started),
    Check("remark", "有叫号而无取号", journeys.not_issued),
    Check("remark", "评价未关联服务", journeys.rating_without_service),
    Check("remark", "评价关联的服务不存在", journeys.unknown_service),
    Check("remark", "窗口从未开放", journeys.never_opened),
    Check("remark", "标签不在清单内", codes.unknown_tag),
    Check("remark", "标签与满意度不符", codes.tag_of_another_level),
    Check("remark", "代码未在登记册中", codes.unregistered),
    Check("remark", "含个人信息", codes.personal),
    Check("note", "重复投递", identities.redelivered),
    Check("note", "时区不是+08:00", journeys.other_offset),
)
