"""What the sample district's places are called. The ten streets are real, the communities invented."""

from __future__ import annotations

from typing import Final

DISTRICT: Final = "530102"
CENTRE: Final = "五华区政务服务中心"

# A street and its communities, separated by blanks; 99 in all (五政务函〔2023〕3号 has the number, not the names).
STREETS: Final[dict[str, str]] = {
    "华山": "翠苑 文渊 书林 青云里 永安 景泰 五凤 柿花 登华",
    "护国": "护安 南门 同德 金马里 祥宁 长青 书院 正和",
    "大观": "观澜 篆水 近华 环湖 白马坡 新闻里 柳堤 安乐 西苑 鱼课",
    "龙翔": "龙门 建业 学府 昆园 凤翥里 天君 文汇 虹桥 荷叶",
    "丰宁": "丰泽 宁和 苏家 银杏 昌源 海屯 近郊 红园 月牙",
    "莲华": "莲心 江畔 学林 文景 翠湖东 桃源里 云锦 圆山 江东 北门 洪化",
    "红云": "红山 云秀 上庄 小屯 金泰 长虹 月苑 右营 龙泉 银河 昙华",
    "黑林铺": "林铺 昭宗 滇缅 海源 班庄 高新里 西城 春雨 海屯西 团山 龙院 和美 三合",
    "普吉": "普安 吉祥 大塘 联家 林家 桃园 王筇 陈家营 大漾 观音 新民",
    "西翥": "翥岭 厂口 沙朗里 桃李 瓦恭 陡坡 大村 东郊",
}
