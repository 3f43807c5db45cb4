// What the line at the bottom tells staff. Pure.

const WHY = {
  invalid_field: "内容有误",
  clock_ahead: "时间超前",
  misplaced: "窗口不符",
  forbidden: "窗口或来源不是本机登记的",
  too_large: "过大",
};

// `fault`: why the last attempt failed, or null. `refused`: the presses that were rejected.
export function stateOf(station, fault, waiting, refused, skewMs) {
  const isRefused = Boolean(fault?.isStranger || fault?.isMisplaced);
  const parts = [];
  if (isRefused) {
    const why = fault.isStranger ? "本机令牌无效或已停用，请联系管理员" : "本机未登记在此窗口，请联系管理员";
    parts.push(station === null ? why : `${why}；评价照常保存在本机`);
  } else if (fault !== null) {
    parts.push("离线，评价保存在本机，恢复后自动上传");
  }
  if (waiting > 0) parts.push(`${waiting} 条待上传`);
  if (refused.length > 0) parts.push(`${refused.length} 条被拒收`);
  const line = parts.length > 0 ? parts.join(" · ") : "在线";
  const details = [`本机：${station?.device ?? "未启用"}`, `窗口：${station?.window ?? "未知"}`];
  details.push(`时钟：${Math.abs(skewMs) < 2000 ? "准确" : `${skewMs > 0 ? "快" : "慢"} ${Math.round(Math.abs(skewMs) / 1000)} 秒，已校正`}`);
  for (const [why, count] of counted(refused)) details.push(`被拒收 ${count} 条：${why}`);
  return { line, isAlarm: isRefused || refused.length > 0, details };
}

function counted(refused) {
  const counts = new Map();
  for (const { reason, field } of refused) {
    const why = `${WHY[reason] ?? reason}${field ? `（${field}）` : ""}`;
    counts.set(why, (counts.get(why) ?? 0) + 1);
  }
  return counts;
}
