"""Codes of the contract in the words that officials read, where more than one place shows them."""

from __future__ import annotations

from typing import Final

DEVICES: Final = {"rating": "评价器", "queue": "排队机", "kiosk": "自助机", "camera": "摄像头"}
PAUSES: Final = {"meal": "用餐", "meeting": "会议", "material": "取送材料", "system": "系统故障", "other": "其他"}
