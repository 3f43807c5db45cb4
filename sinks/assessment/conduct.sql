-- What people wrote down: conduct records, liable bad ratings, supervision matters; and which of them burden whom.

-- The month's records that were not withdrawn, with their staff or site.
CREATE TABLE scratch.conduct ENGINE = MergeTree ORDER BY position AS
SELECT
    r.record AS record, c.code AS code, c.text AS text, c.block AS block, c.cap AS cap, c.shared AS shared, c.complaint AS complaint,
    r.incident AS incident, r.site AS event_site, r.day_number AS day, r.position AS position, (r.source, r.id) AS event,
    multiIf(NOT r.is_said, c.points, c.points = 0, r.said, c.points < 0, -abs(r.said), abs(r.said)) AS signed,
    CAST(if(c.block IN ('review', 'inspection'), greatest(0, least(100, signed)), signed) AS Decimal(38, 8)) AS points,
    if(r.target = 'site', r.target_id, '') AS site,
    multiIf(r.target = 'staff', r.target_id, r.target = 'window', w.staff, '') AS staff
FROM
(
    SELECT
        JSONExtractString(data, 'record') AS record,
        JSONExtractString(data, 'rule') AS rule,
        JSONExtractString(data, 'target') AS target,
        JSONExtractString(data, 'target_id') AS target_id,
        if(target = 'window', target_id, '') AS target_window,
        JSONExtractString(data, 'incident') AS incident,
        JSONType(data, 'points') != 'Null' AS is_said,
        JSONExtractFloat(data, 'points') AS said_float,
        -- To 4 digits, half away from zero, of the number as it is written: its float may lie on the other side of a half.
        CAST(if(
            abs(said_float) >= 1000, toDecimal128(sign(said_float) * 1000, 8),
            round(toDecimal128OrZero(JSONExtractRaw(data, 'points'), 8), 4)
        ) AS Decimal(38, 8)) AS said,
        site, day_number, moment, position, source, id
    FROM scratch.facts
    WHERE type = 'conduct.recorded'
    ORDER BY record, position
    LIMIT 1 BY record
) AS r
INNER JOIN scratch.codes AS c ON r.rule = c.code
ASOF LEFT JOIN scratch.window_sessions AS w ON r.target_window = w.window AND r.moment >= w.moment
WHERE r.day_number BETWEEN (SELECT first_day FROM scratch.month) AND (SELECT last_day FROM scratch.month)
    AND r.record NOT IN (SELECT JSONExtractString(data, 'record') FROM scratch.facts WHERE type = 'conduct.withdrawn');

-- Who is burdened or rewarded by what. rule_no orders the lines of a block: codes, bad ratings by level, lead shares.
CREATE TABLE scratch.records
(
    scope String, subject String, block String, rule String, rule_no UInt8, points Decimal(38, 8), incident String,
    position UInt64, complaint UInt8, cap Nullable(Decimal(38, 8)), detail String, events Array(Tuple(String, String))
)
ENGINE = MergeTree ORDER BY (scope, subject);

INSERT INTO scratch.records
SELECT s.scope, s.subject, if(c.block = 'site_bonus', 'bonus', c.block), c.code, 1, c.points, c.incident, c.position, c.complaint, c.cap, c.text, [c.event]
FROM
(
    SELECT 'staff' AS scope, staff AS subject, * EXCEPT (staff, site) FROM scratch.conduct
    WHERE block IN ('discipline', 'service', 'bonus', 'veto', 'review')
    UNION ALL
    SELECT 'site', site, * EXCEPT (staff, site) FROM scratch.conduct
    WHERE block IN ('patrol', 'site_bonus')
) AS c
INNER JOIN scratch.subjects AS s ON c.scope = s.scope AND c.subject = s.subject;

INSERT INTO scratch.records
WITH (SELECT staff_month__bad_dissatisfied FROM scratch.rule) AS bad, (SELECT staff_month__bad_very_dissatisfied FROM scratch.rule) AS very_bad
SELECT
    'staff', s.subject, 'service', concat('bad.', r.level), if(r.level = 'dissatisfied', 2, 3), if(r.level = 'dissatisfied', bad, very_bad), r.rating, r.position, 1,
    NULL, concat('有责差评 ', r.rating), [r.event, f.verification]
FROM scratch.month_rectifications AS f
INNER JOIN scratch.all_ratings AS r ON f.rating = r.rating
INNER JOIN (SELECT subject FROM scratch.subjects WHERE scope = 'staff') AS s
    ON s.subject = if(f.liable_staff != '', f.liable_staff, r.staff)
WHERE f.valid AND f.finding = 'valid' AND f.liable = 'staff';

INSERT INTO scratch.records
WITH (SELECT staff_month__lead_share FROM scratch.rule) AS share
SELECT DISTINCT
    'staff', p.staff, c.block, concat(c.code, '.lead'), 4, multiplyDecimal(c.points, share, 8), c.incident, c.position, 0,
    NULL, concat(c.text, '（', c.staff, '，负责人分担）'), [c.event]
FROM scratch.conduct AS c
INNER JOIN
(
    SELECT q.staff AS staff, w.site AS site, q.valid_from AS valid_from, q.valid_to AS valid_to
    FROM scratch.posts AS q
    INNER JOIN scratch.windows AS w ON q.window = w.window
    WHERE q.lead AND q.staff IN (SELECT subject FROM scratch.subjects WHERE scope = 'staff')
) AS p ON c.event_site = p.site
WHERE c.shared AND c.staff != '' AND p.staff != c.staff AND c.day BETWEEN p.valid_from AND p.valid_to;

-- One incident deducts once: the heaviest, of equal ones the earliest.
CREATE TABLE scratch.counted_records ENGINE = MergeTree ORDER BY (scope, subject) AS
SELECT
    r.* EXCEPT (points, deducts, place), r.points AS worth, if(r.place = 1, r.points, 0) AS points
FROM
(
    SELECT
        *,
        points < 0 AND incident != '' AND block IN ('discipline', 'service', 'bonus', 'patrol') AS deducts,
        if(deducts, row_number() OVER (PARTITION BY scope, subject, deducts, incident ORDER BY points, position, rule), 1) AS place
    FROM scratch.records
) AS r;

-- 督办 that were not closed by the end of their due day, which lies in the month.
CREATE TABLE scratch.overdue ENGINE = Memory AS
SELECT o.matter AS matter, o.site AS site, o.position AS position, (o.source, o.id) AS event
FROM
(
    SELECT
        JSONExtractString(data, 'matter') AS matter, toInt32(toDate(JSONExtractString(data, 'due'))) AS due_day,
        site, source, id, position
    FROM scratch.facts
    WHERE type = 'supervision.opened'
    ORDER BY matter, position
    LIMIT 1 BY matter
) AS o
LEFT JOIN
(
    SELECT JSONExtractString(data, 'matter') AS matter, argMin(day_number, position) AS closed_day, 1 AS is_closed
    FROM scratch.facts
    WHERE type = 'supervision.closed'
    GROUP BY matter
) AS c ON o.matter = c.matter
WHERE o.due_day BETWEEN (SELECT first_day FROM scratch.month) AND (SELECT last_day FROM scratch.month)
    AND NOT (c.is_closed AND c.closed_day <= o.due_day);

-- What people entered for a quarter or a year, kept with the month: 评议, 现场检查, 调整.
CREATE TABLE scratch.entries ENGINE = Memory AS
SELECT
    if(block = 'review', staff, site) AS subject, block, code AS rule, points, position, text AS detail, [event] AS events
FROM scratch.conduct
WHERE block IN ('review', 'inspection', 'adjustment') AND subject != '';
