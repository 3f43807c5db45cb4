-- How much of the published hours windows were open (开窗率), and terminals online (终端在线率). Moments in epoch ms.

CREATE TABLE scratch.published ENGINE = Memory AS
SELECT w.site AS site, p.window AS window, p.day AS day, p.day * 86400000 - 28800000 + h.begin_ms AS begins, p.day * 86400000 - 28800000 + h.end_ms AS ends
FROM
(
    SELECT DISTINCT p.window AS window, toInt64(c.day) AS day
    FROM scratch.posts AS p
    CROSS JOIN scratch.calendar AS c
    WHERE c.workday AND c.day BETWEEN (SELECT first_day FROM scratch.month) AND (SELECT last_day FROM scratch.month)
        AND c.day BETWEEN p.valid_from AND p.valid_to
) AS p
INNER JOIN scratch.windows AS w ON p.window = w.window
CROSS JOIN scratch.hours AS h;

-- What windows did, each until what came next, at the latest until midnight; a pause's excess from when it exceeds.
CREATE TABLE scratch.window_spans ENGINE = Memory AS
WITH (SELECT site_month__pause_minutes FROM scratch.rule) * 60000 AS allowed
SELECT
    window, toInt64(day_number) AS day, CAST(type = 'window.paused' AS UInt8) AS is_pause, (source, id) AS event,
    if(is_pause, time_ms + allowed, time_ms) AS begins,
    least(if(is_pause, next_ms, next_session_ms), (day + 1) * 86400000 - 28800000) AS ends
FROM
(
    SELECT
        *,
        leadInFrame(time_ms, 1, 9000000000000000) OVER (
            PARTITION BY window ORDER BY time_ms, position ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS next_ms,
        minIf(time_ms, type IN ('window.opened', 'window.closed')) OVER (
            PARTITION BY window ORDER BY time_ms, position ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS found_ms,
        countIf(type IN ('window.opened', 'window.closed')) OVER (
            PARTITION BY window ORDER BY time_ms, position ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS found,
        if(found > 0, found_ms, 9000000000000000) AS next_session_ms
    FROM scratch.facts
    WHERE startsWith(type, 'window.')
        AND time_ms >= (SELECT start_ms FROM scratch.month) AND time_ms < (SELECT end_ms FROM scratch.month)
)
WHERE type IN ('window.opened', 'window.paused') AND begins < ends;

CREATE TABLE scratch.opening ENGINE = Memory AS
SELECT
    p.site AS site, sum(p.published) AS published_ms, sum(greatest(0, ifNull(o.open, 0) - ifNull(o.excess, 0))) AS open_ms,
    arraySort(arrayFlatten(groupArray(o.pauses))) AS pauses
FROM (SELECT site, window, day, sum(ends - begins) AS published FROM scratch.published GROUP BY site, window, day) AS p
LEFT JOIN
(
    SELECT
        s.window AS window, s.day AS day,
        sumIf(greatest(0, least(s.ends, h.ends) - greatest(s.begins, h.begins)), NOT s.is_pause) AS open,
        sumIf(greatest(0, least(s.ends, h.ends) - greatest(s.begins, h.begins)), s.is_pause) AS excess,
        groupUniqArrayIf(s.event, s.is_pause AND least(s.ends, h.ends) > greatest(s.begins, h.begins)) AS pauses
    FROM scratch.window_spans AS s
    INNER JOIN scratch.published AS h ON s.window = h.window AND s.day = h.day
    GROUP BY s.window, s.day
) AS o ON p.window = o.window AND p.day = o.day
GROUP BY p.site;

-- A beat covers the time until the device's next one, at most offline_minutes.
CREATE TABLE scratch.online ENGINE = Memory AS
SELECT b.site AS site, any(b.devices) * any(d.due_ms) AS due_ms, sum(b.online_ms) AS online_ms
FROM
(
    SELECT
        h.site AS site, any(h.devices) AS devices,
        sum(greatest(0, least(h.ends, p.ends) - greatest(h.time_ms, p.begins))) AS online_ms
    FROM
    (
        SELECT
            g.site AS site, g.time_ms AS time_ms, g.day_number AS day_number,
            uniqExact(g.device) OVER (PARTITION BY g.site) AS devices,
            least(
                g.time_ms + r.site_month__offline_minutes * 60000,
                leadInFrame(g.time_ms, 1, 9000000000000000) OVER (
                    PARTITION BY g.site, g.device ORDER BY g.time_ms, g.position ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
            ) AS ends
        FROM
        (
            SELECT site, JSONExtractString(data, 'device') AS device, time_ms, day_number, position
            FROM scratch.facts
            WHERE type = 'device.heartbeat' AND JSONExtractString(data, 'kind') = 'rating'
        ) AS g
        CROSS JOIN scratch.rule AS r
    ) AS h
    LEFT JOIN
    (
        -- The published hours of the month's workdays, also by the day before: a beat may cover some of the next day's.
        SELECT
            c.day - before AS day, toInt64(c.day) * 86400000 - 28800000 + h.begin_ms AS begins,
            toInt64(c.day) * 86400000 - 28800000 + h.end_ms AS ends
        FROM scratch.calendar AS c
        CROSS JOIN scratch.month AS m
        CROSS JOIN scratch.hours AS h
        ARRAY JOIN [0, 1] AS before
        WHERE c.workday AND c.day BETWEEN m.first_day AND m.last_day
    ) AS p ON h.day_number = p.day
    GROUP BY h.site
) AS b
CROSS JOIN
(
    SELECT toInt64(count() * any(h.day_ms)) AS due_ms
    FROM scratch.calendar AS c
    CROSS JOIN scratch.month AS m
    CROSS JOIN (SELECT sum(end_ms - begin_ms) AS day_ms FROM scratch.hours) AS h
    WHERE c.workday AND c.day BETWEEN m.first_day AND m.last_day
) AS d
GROUP BY b.site;
