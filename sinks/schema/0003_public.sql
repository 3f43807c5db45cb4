-- The public tables of contract §5. They need no FINAL and no knowledge of the engine.
-- flags: no_service; implausible_time; unregistered (a site, window, staff or item that the registry does not know).

CREATE OR REPLACE VIEW pingliu.services AS
SELECT
    s.service AS service,
    s.ticket AS ticket,
    s.item AS item,
    s.kind AS kind,
    s.outcome AS outcome,
    if(s.is_started, fromUnixTimestamp64Milli(s.start_ms, 'Asia/Shanghai'), NULL) AS started_at,
    if(s.is_completed, fromUnixTimestamp64Milli(s.end_ms, 'Asia/Shanghai'), NULL) AS completed_at,
    t.wait_ms / 1000 AS wait_seconds,
    s.handle_ms / 1000 AS handle_seconds,
    if(s.promised_ms != 0, fromUnixTimestamp64Milli(s.promised_ms, 'Asia/Shanghai'), NULL) AS promised_by,
    s.first_street AS street,
    s.first_site AS site,
    s.first_window AS window,
    s.staff AS staff,
    toDate(toInt32(intDiv(s.at_ms + 28800000, 86400000))) AS day,
    s.case_id AS `case`,
    i.department AS department,
    arrayFilter(flag -> flag != '', [
        if((s.handle_raw_ms IS NOT NULL AND s.handle_ms IS NULL) OR (t.wait_raw_ms IS NOT NULL AND t.wait_ms IS NULL),
           'implausible_time', ''),
        if(s.first_site NOT IN (SELECT code FROM pingliu.registry WHERE kind = 'site')
           OR s.first_window NOT IN (SELECT code FROM pingliu.registry WHERE kind = 'window')
           OR (s.staff != '' AND s.staff NOT IN (SELECT code FROM pingliu.registry WHERE kind = 'staff'))
           OR (s.item != '' AND s.item NOT IN (SELECT code FROM pingliu.registry WHERE kind = 'item')),
           'unregistered', '')
    ]) AS flags
FROM pingliu.service_staff AS s
LEFT JOIN (SELECT ticket, toNullable(wait_ms) AS wait_ms, toNullable(wait_raw_ms) AS wait_raw_ms FROM pingliu.ticket_facts) AS t
    ON s.ticket = t.ticket
LEFT JOIN (SELECT code, department FROM pingliu.registry WHERE kind = 'item') AS i ON s.item = i.code;

CREATE OR REPLACE VIEW pingliu.ratings AS
SELECT
    r.rating AS rating,
    r.service AS service,
    r.level AS level,
    l.points AS points,
    r.channel AS channel,
    r.tags AS tags,
    r.comment AS comment,
    r.real_name AS real_name,
    r.rater_hash AS rater_hash,
    r.round AS round,
    fromUnixTimestamp64Milli(r.time_ms, 'Asia/Shanghai') AS time,
    toDate(r.day_number) AS day,
    r.street AS street,
    r.site AS site,
    r.window AS window,
    r.staff AS staff,
    r.item AS item,
    i.department AS department,
    r.effective AS effective,
    toUInt8(v.voided) AS voided,
    arrayFilter(flag -> flag != '', [
        if(r.service = '', 'no_service', ''),
        if(r.site NOT IN (SELECT code FROM pingliu.registry WHERE kind = 'site')
           OR (r.window != '' AND r.window NOT IN (SELECT code FROM pingliu.registry WHERE kind = 'window'))
           OR (r.staff != '' AND r.staff NOT IN (SELECT code FROM pingliu.registry WHERE kind = 'staff'))
           OR (r.item != '' AND r.item NOT IN (SELECT code FROM pingliu.registry WHERE kind = 'item')),
           'unregistered', '')
    ]) AS flags
FROM
(
    -- The staff: the envelope's, else who had opened the window by then, else the service's.
    SELECT
        p.*,
        multiIf(p.envelope_staff != '', p.envelope_staff, w.staff != '', w.staff, p.service_staff) AS staff
    FROM
    (
        -- The window: its own, else its service's, where the service was known when the rating was applied.
        SELECT
            f.rating AS rating, f.service AS service, f.level AS level, f.channel AS channel, f.round AS round,
            f.rater_hash AS rater_hash, f.time_ms AS time_ms, f.moment AS moment, f.day_number AS day_number,
            f.effective AS effective, f.street AS street, f.staff AS envelope_staff, s.staff AS service_staff, s.item AS item,
            JSONExtract(f.data, 'tags', 'Array(String)') AS tags,
            JSONExtractString(f.data, 'comment') AS comment,
            toUInt8(JSONExtractBool(f.data, 'real_name')) AS real_name,
            f.window = '' AND s.service != '' AND s.first_position < f.position AS is_borrowed,
            if(is_borrowed, s.first_site, f.site) AS site,
            if(is_borrowed, s.first_window, f.window) AS window
        FROM pingliu.rating_facts AS f
        LEFT JOIN pingliu.service_staff AS s ON f.service = s.service
    ) AS p
    ASOF LEFT JOIN pingliu.window_sessions AS w ON p.window = w.window AND p.moment >= w.moment
) AS r
LEFT JOIN pingliu.levels AS l ON r.level = l.level
LEFT JOIN pingliu.rating_voids AS v ON r.rating = v.rating
LEFT JOIN (SELECT code, department FROM pingliu.registry WHERE kind = 'item') AS i ON r.item = i.code;

-- Due: the end of the n-th workday after the rating's day, shown as 23:59:59; before the next midnight is in time.
-- NULL where the calendar has no such day.
CREATE OR REPLACE VIEW pingliu.rectifications AS
WITH
    (SELECT max(value) FROM pingliu.limits WHERE name = 'contact_workdays') AS contact_workdays,
    (SELECT max(value) FROM pingliu.limits WHERE name = 'completion_workdays') AS completion_workdays
SELECT
    o.rating AS rating,
    o.time AS opened_at,
    toDateTime(toDate(c.day), 'Asia/Shanghai') + INTERVAL 86399 SECOND AS contact_due,
    toDateTime(toDate(d.day), 'Asia/Shanghai') + INTERVAL 86399 SECOND AS due,
    multiIf(
        o.is_found_void OR o.voided, 'void',
        o.is_revisited AND o.last_result != 'dissatisfied', 'closed',
        o.is_revisited AND (NOT o.is_completed OR o.last_completion < o.last_revisit), 'reopened',
        o.is_completed, 'completed',
        o.is_verified, 'verified',
        o.is_contacted, 'contacted',
        'open'
    ) AS state,
    if(o.is_contacted, fromUnixTimestamp64Milli(o.contacted_ms, 'Asia/Shanghai'), NULL) AS contacted_at,
    if(o.is_completed, fromUnixTimestamp64Milli(o.completed_ms, 'Asia/Shanghai'), NULL) AS completed_at,
    if(o.is_revisited, fromUnixTimestamp64Milli(o.revisited_ms, 'Asia/Shanghai'), NULL) AS revisited_at,
    o.finding AS finding,
    o.liable AS liable,
    multiIf(
        o.is_completed, toUInt8(o.completed_ms < due_ms),
        state = 'void', NULL,
        toUnixTimestamp64Milli(now64(3)) >= due_ms, toUInt8(0),
        NULL
    ) AS on_time,
    o.street AS street,
    o.site AS site,
    o.window AS window,
    o.staff AS staff,
    o.liable_staff AS liable_staff,
    o.level AS level
FROM
(
    SELECT
        r.rating AS rating, r.time AS time, r.street AS street, r.site AS site, r.window AS window, r.staff AS staff,
        r.level AS level, r.voided AS voided, f.* EXCEPT (rating), b.ordinal AS ordinal
    FROM pingliu.ratings AS r
    LEFT JOIN pingliu.rectification_facts AS f ON r.rating = f.rating
    LEFT JOIN (SELECT day, toNullable(ordinal) AS ordinal FROM pingliu.calendar) AS b ON toInt32(r.day) = b.day
    WHERE r.effective AND r.level IN (SELECT level FROM pingliu.levels WHERE bad)
) AS o
LEFT JOIN (SELECT toNullable(day) AS day, ordinal FROM pingliu.calendar WHERE workday) AS c
    ON c.ordinal = o.ordinal + contact_workdays
LEFT JOIN
(
    SELECT toNullable(day) AS day, ordinal, (day + 1) * toInt64(86400000) - 28800000 AS due_ms
    FROM pingliu.calendar
    WHERE workday
) AS d ON d.ordinal = o.ordinal + completion_workdays + o.extension;

CREATE OR REPLACE VIEW pingliu.rejected AS
SELECT
    reason, detail, path, raw, topic, partition, offset,
    fromUnixTimestamp64Milli(received_ms, 'Asia/Shanghai') AS received_at
FROM pingliu.rejected_log FINAL;

CREATE OR REPLACE VIEW pingliu.live AS
SELECT
    * EXCEPT (version, wait_ms, handle_ms),
    wait_ms / 1000 AS wait_seconds_sum,
    handle_ms / 1000 AS handle_seconds_sum
FROM pingliu.live_log FINAL;

CREATE OR REPLACE VIEW pingliu.window_minutes AS
SELECT toDateTime(start * 60, 'Asia/Shanghai') AS bucket, * EXCEPT (grain, start, tickets)
FROM pingliu.live WHERE grain = 'window_minutes';

CREATE OR REPLACE VIEW pingliu.window_days AS
SELECT toDate(toInt32(start)) AS bucket, * EXCEPT (grain, start, tickets)
FROM pingliu.live WHERE grain = 'window_days';

CREATE OR REPLACE VIEW pingliu.street_minutes AS
SELECT toDateTime(start * 60, 'Asia/Shanghai') AS bucket, * EXCEPT (grain, start, site, window)
FROM pingliu.live WHERE grain = 'street_minutes';

CREATE OR REPLACE VIEW pingliu.street_days AS
SELECT toDate(toInt32(start)) AS bucket, * EXCEPT (grain, start, site, window)
FROM pingliu.live WHERE grain = 'street_days';
