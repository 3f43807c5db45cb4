"""The page for people who come to the gateway with a browser. It is one text, and loads nothing."""

from __future__ import annotations

from typing import Final

PAGE: Final = """<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>评流网关 Pingliu gateway</title>
<style>body{font:16px/1.6 sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}code,pre{background:#f2f2f2}
pre{padding:.8rem;overflow:auto}td,th{padding:.2rem .8rem .2rem 0;text-align:left;vertical-align:top}</style>
<h1>评流网关</h1>
<p>本网关接收评价终端、叫号系统等设备上报的事件。设备由运行单位登记，登记时发给令牌；没有令牌不能上报。</p>
<pre>POST /v1/events
Authorization: Bearer &lt;令牌&gt;
Content-Type: application/cloudevents+json</pre>
<table>
<tr><th>状态码<th>含义<th>处理
<tr><td>200<td>至少一条已接收<td>逐条看 verdicts
<tr><td>422<td>全部被拒绝<td>按 field 和 detail 改正，原样重发无用
<tr><td>401<td>令牌无效或已停用<td>联系运行单位；签名请求请校准时钟
<tr><td>413 415<td>过大，或格式不对<td>改正程序
<tr><td>429 503<td>过快，或系统繁忙<td>按 Retry-After 秒数后重发
</table>
<p>回答 accepted 的事件已经落盘，不会丢失。没有收到回答时原样重发即可，同一（source，id）只计一次。</p>
<p>接口说明：<a href="/v1/openapi.json">/v1/openapi.json</a>。时钟：<a href="/v1/time">/v1/time</a>。</p>
<h2>In English</h2>
<p>Terminals and queue systems hand in events here. Whoever runs it registers devices and gives them tokens.
What was answered <code>accepted</code> is on disk. Where no answer came, send the same again: it counts once.
Programs read <a href="/v1/openapi.json">the OpenAPI document</a>.</p>
</html>
""".encode()
