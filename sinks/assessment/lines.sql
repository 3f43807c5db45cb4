-- The lines of a month, for staff and sites alike.

-- What the rules are worth to each scope.
CREATE TABLE scratch.worth ENGINE = Memory AS
SELECT 'staff' AS scope, staff_month__rating_factor AS rating_factor, staff_month__ontime_max AS ontime_max, staff_month__bonus_max AS bonus_max
FROM scratch.rule
UNION ALL
SELECT 'site', site_month__rating_factor, site_month__ontime_max, site_month__bonus_max
FROM scratch.rule;

-- 评价: the full average, less what each level lacks, less what the group's average lacks where ratings are few.
CREATE TABLE scratch.rating_totals ENGINE = Memory AS
SELECT s.scope AS scope, s.subject AS subject, s.pool AS pool, r.ratings AS ratings, r.good AS good, r.total AS total, r.events AS events
FROM scratch.subjects AS s
LEFT JOIN
(
    SELECT scope, subject, toInt64(count()) AS ratings, toInt64(sum(good)) AS good, sum(points) AS total, arraySort(groupArray(event)) AS events
    FROM scratch.rated
    GROUP BY scope, subject
) AS r ON s.scope = r.scope AND s.subject = r.subject;

INSERT INTO scratch.draft
WITH (SELECT max(points) FROM scratch.levels) AS best
SELECT t.scope, t.subject, 1, 'rating', 0, 'rating.full', 0, w.rating_factor * best, 1, t.ratings, t.ratings, '满分起计', t.events
FROM scratch.rating_totals AS t
INNER JOIN scratch.worth AS w ON t.scope = w.scope;

INSERT INTO scratch.draft
WITH
    (SELECT max(points) FROM scratch.levels) AS best,
    (SELECT toInt64(assessment__blend_ratings) FROM scratch.rule) AS least_ratings
SELECT
    r.scope, r.subject, 1, 'rating', 1, concat('rating.', r.level),
    indexOf(['very_satisfied', 'satisfied', 'basically_satisfied', 'dissatisfied', 'very_dissatisfied'], r.level),
    -w.rating_factor * ((best - r.worth) * r.ratings), greatest(t.ratings, least_ratings), r.ratings, t.ratings, l.name, r.events
FROM
(
    SELECT
        scope, subject, level, any(points) AS worth, toInt64(count()) AS ratings,
        arraySort(groupArray(event)) AS events
    FROM scratch.rated
    GROUP BY scope, subject, level
) AS r
INNER JOIN scratch.rating_totals AS t ON r.scope = t.scope AND r.subject = t.subject
INNER JOIN scratch.worth AS w ON r.scope = w.scope
INNER JOIN scratch.levels AS l ON r.level = l.level
WHERE r.worth < best;

INSERT INTO scratch.draft
WITH
    (SELECT max(points) FROM scratch.levels) AS best,
    (SELECT toInt64(assessment__blend_ratings) FROM scratch.rule) AS least_ratings
SELECT
    t.scope, t.subject, 1, 'rating', 2, 'rating.blend', 0,
    -w.rating_factor * ((least_ratings - t.ratings) * (best * p.ratings - p.total)), least_ratings * p.ratings,
    least_ratings - t.ratings, least_ratings, concat('不足', toString(least_ratings), '条，按同组平均补足'), []
FROM scratch.rating_totals AS t
INNER JOIN scratch.worth AS w ON t.scope = w.scope
INNER JOIN
(
    SELECT scope, pool, sum(ratings) AS ratings, sum(total) AS total
    FROM scratch.rating_totals
    GROUP BY scope, pool
    HAVING ratings > 0
) AS p ON t.scope = p.scope AND t.pool = p.pool
WHERE t.ratings < least_ratings;

-- Measures of the kind: full points, less a part of them for what is missed out of a number of cases.
-- loss: numerator of the points lost; its denominator is `over`.
CREATE TABLE scratch.basis
(
    scope String, subject String, block_no UInt8, block String, rule_no UInt8, measure String, lack String, full Decimal(38, 8),
    of UInt64, missed UInt64, loss Decimal(38, 8), over Decimal(38, 0), said String, said_missed String,
    events Array(Tuple(String, String)), missed_events Array(Tuple(String, String))
)
ENGINE = MergeTree ORDER BY (scope, subject);

CREATE TABLE scratch.served_totals ENGINE = Memory AS
SELECT
    s.scope AS scope, s.subject AS subject, v.* EXCEPT (scope, subject)
FROM scratch.subjects AS s
LEFT JOIN
(
    SELECT
        scope, subject, toInt64(count()) AS n_services,
        toInt64(countIf(promised)) AS n_promised, toInt64(countIf(promised AND NOT on_time)) AS n_late,
        toInt64(countIf(timed)) AS n_timed, toInt64(countIf(timed AND NOT in_standard)) AS n_slow,
        toInt64(countIf(waited)) AS n_waited, toInt64(countIf(waited AND NOT in_time)) AS n_long,
        toInt64(countIf(NOT rated)) AS n_unrated,
        arraySort(groupArray(event)) AS events,
        arraySort(groupArrayIf(event, promised)) AS promised_events, arraySort(groupArrayIf(event, promised AND NOT on_time)) AS late_events,
        arraySort(groupArrayIf(event, timed)) AS timed_events, arraySort(groupArrayIf(event, timed AND NOT in_standard)) AS slow_events,
        arraySort(groupArrayIf(event, waited)) AS waited_events, arraySort(groupArrayIf(event, waited AND NOT in_time)) AS long_events,
        arraySort(groupArrayIf(event, NOT rated)) AS unrated_events
    FROM scratch.served
    GROUP BY scope, subject
) AS v ON s.scope = v.scope AND s.subject = v.subject;

INSERT INTO scratch.basis
SELECT
    t.scope, t.subject, if(t.scope = 'staff', 2, 4), 'efficiency', 0, 'ontime', 'late', w.ontime_max, t.n_promised, t.n_late,
    w.ontime_max * t.n_late, t.n_promised, '按时办结', '逾期办结', t.promised_events, t.late_events
FROM scratch.served_totals AS t
INNER JOIN scratch.worth AS w ON t.scope = w.scope;

INSERT INTO scratch.basis
WITH (SELECT staff_month__standard_max FROM scratch.rule) AS full
SELECT
    scope, subject, 2, 'efficiency', 2, 'standard', 'over', full, n_timed, n_slow,
    full * n_slow, n_timed, '标准时长内办理', '超过标准时长', timed_events, slow_events
FROM scratch.served_totals
WHERE scope = 'staff';

INSERT INTO scratch.basis
WITH
    (SELECT site_month__participation_max FROM scratch.rule) AS full,
    (SELECT toInt64(site_month__participation_from * 10000) FROM scratch.rule) AS nothing,
    (SELECT toInt64(site_month__participation_full * 10000) FROM scratch.rule) AS everything,
    greatest(0, least((everything - nothing) * n_services, everything * n_services - 10000 * (n_services - n_unrated))) AS lacking
SELECT
    scope, subject, 2, 'participation', 0, 'participation', 'low', full, n_services, if(lacking > 0, n_unrated, 0),
    full * lacking, (everything - nothing) * n_services, '主动评价', '未评价，主动评价率未达满分线', events, unrated_events
FROM scratch.served_totals
WHERE scope = 'site';

INSERT INTO scratch.basis
WITH (SELECT site_month__waiting_max FROM scratch.rule) AS full
SELECT
    scope, subject, 4, 'efficiency', 2, 'waiting', 'long', full, n_waited, n_long,
    full * n_long, n_waited, '等候时间', '等候超时', waited_events, long_events
FROM scratch.served_totals
WHERE scope = 'site';

INSERT INTO scratch.basis
WITH
    (SELECT site_month__rectified_max FROM scratch.rule) AS rectified_max,
    (SELECT site_month__response_max FROM scratch.rule) AS response_max,
    (SELECT site_month__revisit_max FROM scratch.rule) AS revisit_max
SELECT
    'site', s.subject, 3, 'closing', 2 * part.1, part.2, part.3, part.4, part.5, part.6, part.4 * toInt64(part.6), part.5, part.7, part.8,
    part.9, part.10
FROM (SELECT subject FROM scratch.subjects WHERE scope = 'site') AS s
LEFT JOIN
(
    SELECT
        f.site AS site,
        countIf(f.done OR f.due_passed) AS closed, countIf((f.done OR f.due_passed) AND NOT f.done_in_time) AS late,
        countIf(f.answered OR f.contact_due_passed) AS asked, countIf((f.answered OR f.contact_due_passed) AND NOT f.answered_in_time) AS slow,
        countIf(f.done AND f.answered) AS due, countIf(f.done AND f.answered AND NOT f.revisited) AS missing,
        arraySort(groupArrayIf(r.event, f.done OR f.due_passed)) AS closed_events,
        arraySort(groupArrayIf(r.event, (f.done OR f.due_passed) AND NOT f.done_in_time)) AS late_events,
        arraySort(groupArrayIf(r.event, f.answered OR f.contact_due_passed)) AS asked_events,
        arraySort(groupArrayIf(r.event, (f.answered OR f.contact_due_passed) AND NOT f.answered_in_time)) AS slow_events,
        arraySort(groupArrayIf(r.event, f.done AND f.answered)) AS due_events,
        arraySort(groupArrayIf(r.event, f.done AND f.answered AND NOT f.revisited)) AS missing_events
    FROM scratch.month_rectifications AS f
    INNER JOIN scratch.all_ratings AS r ON f.rating = r.rating
    WHERE f.valid
    GROUP BY f.site
) AS f ON s.subject = f.site
ARRAY JOIN [
    (0, 'rectified', 'late', rectified_max, f.closed, f.late, '差评按期整改', '差评逾期未整改', f.closed_events, f.late_events),
    (1, 'response', 'late', response_max, f.asked, f.slow, '差评及时响应', '差评响应超时', f.asked_events, f.slow_events),
    (2, 'revisit', 'missing', revisit_max, f.due, f.missing, '整改后回访', '整改后未回访', f.due_events, f.missing_events)
] AS part;

INSERT INTO scratch.basis
WITH
    (SELECT site_month__opening_max FROM scratch.rule) AS full,
    (SELECT toInt64(site_month__opening_from * 10000) FROM scratch.rule) AS nothing,
    (SELECT toInt64(site_month__opening_full * 10000) FROM scratch.rule) AS everything,
    greatest(0, least((everything - nothing) * o.published_ms, everything * o.published_ms - 10000 * o.open_ms)) AS lacking
SELECT
    'site', s.subject, 5, 'opening', 0, 'opening', 'low', full, intDiv(o.published_ms, 60000),
    if(lacking > 0, intDiv(o.published_ms - o.open_ms + 30000, 60000), 0),
    full * lacking, (everything - nothing) * o.published_ms, '公布时间内开窗', '公布时间内未开窗（分钟）', [], o.pauses
FROM (SELECT subject FROM scratch.subjects WHERE scope = 'site') AS s
LEFT JOIN scratch.opening AS o ON s.subject = o.site;

INSERT INTO scratch.basis
WITH
    (SELECT toInt64(site_month__online_share * 10000) FROM scratch.rule) AS online_share,
    (SELECT toInt64(site_month__unmatched_share * 10000) FROM scratch.rule) AS unmatched_share,
    (SELECT toInt64(site_month__upload_share * 10000) FROM scratch.rule) AS upload_share
SELECT
    'site', s.subject, 6, 'quality', 2 * part.1, part.2, part.3, part.4, part.5, if(part.7, part.6, 0), if(part.7, part.4, 0), 1, part.8, part.9,
    [], part.10
FROM (SELECT subject FROM scratch.subjects WHERE scope = 'site') AS s
CROSS JOIN (SELECT site_month__online_max AS online_max, site_month__unmatched_max AS unmatched_max, site_month__upload_max AS upload_max FROM scratch.rule) AS w
LEFT JOIN scratch.online AS o ON s.subject = o.site
LEFT JOIN
(
    SELECT site, count() AS ratings, countIf(service = '') AS unmatched, arraySort(groupArrayIf(event, service = '')) AS events
    FROM scratch.month_ratings
    GROUP BY site
) AS r ON s.subject = r.site
LEFT JOIN scratch.uploads AS u ON s.subject = u.site
ARRAY JOIN [
    (0, 'online', 'low', w.online_max, toUInt64(intDiv(o.due_ms, 60000)), toUInt64(intDiv(o.due_ms - o.online_ms + 30000, 60000)),
        toInt64(o.online_ms) * 10000 < online_share * toInt64(o.due_ms), '终端在线', '终端在线率不足（分钟）', emptyArrayToSingle([('', '')])),
    (1, 'unmatched', 'high', w.unmatched_max, r.ratings, r.unmatched,
        toInt64(r.unmatched) * 10000 > unmatched_share * toInt64(r.ratings), '评价与服务匹配', '未匹配到服务的评价过多', r.events),
    (2, 'upload', 'late', w.upload_max, u.events, u.late,
        toInt64(u.late) * 10000 > upload_share * toInt64(u.events), '按时上传', '迟到上传过多', u.late_events)
] AS part;

INSERT INTO scratch.draft
SELECT
    scope, subject, block_no, block, rule_no, concat(measure, '.full'), 0, full, 1, of, of,
    if(of = 0 AND measure NOT IN ('discipline', 'service', 'patrol'), concat(said, '（无此类事项，计满分）'), said), events
FROM scratch.basis;

INSERT INTO scratch.draft
SELECT
    scope, subject, block_no, block, rule_no + 1, concat(measure, '.', lack), 0, -loss, if(over = 0, 1, over), missed, of, said_missed,
    if(measure = 'online', [], missed_events)
FROM scratch.basis
WHERE loss > 0 OR missed > 0;

-- 纪律, 规范, 巡查督办, 加分: full points, and the records one by one.
INSERT INTO scratch.draft
SELECT s.scope, s.subject, part.1, part.2, 0, concat(part.2, '.full'), 0, part.3, 1, 0, 0, part.4, []
FROM scratch.subjects AS s
CROSS JOIN scratch.rule AS r
ARRAY JOIN [
    ('staff', 3, 'discipline', r.staff_month__discipline_max, '工作纪律'),
    ('staff', 4, 'service', r.staff_month__service_max, '服务规范'),
    ('site', 7, 'patrol', r.site_month__patrol_max, '巡查督办')
] AS all_parts
ARRAY JOIN [(all_parts.2, all_parts.3, all_parts.4, all_parts.5)] AS part
WHERE s.scope = all_parts.1;

INSERT INTO scratch.draft
SELECT
    scope, subject, multiIf(block = 'discipline', 3, block = 'service', 4, block = 'patrol', 7, scope = 'staff', 5, 8), block, rule_no,
    rule, position, points, 1, 1, 1, if(points = worth, detail, concat(detail, '（同一事件已计）')), events
FROM scratch.counted_records
WHERE block IN ('discipline', 'service', 'patrol', 'bonus');

INSERT INTO scratch.draft
WITH (SELECT site_month__supervision_points FROM scratch.rule) AS points
SELECT 'site', s.subject, 7, 'patrol', 2, 'supervision.overdue', o.position, points, 1, 1, 1, concat('督办逾期 ', o.matter), [o.event]
FROM scratch.overdue AS o
INNER JOIN scratch.subjects AS s ON s.scope = 'site' AND o.site = s.subject;

-- A code's own cap, in the month.
INSERT INTO scratch.draft
SELECT scope, subject, if(scope = 'staff', 5, 8), 'bonus', 2, concat(rule, '.cap'), 0, any(cap) - sum(points) AS excess, 1, 0, 0, '本项封顶', []
FROM scratch.counted_records
WHERE block = 'bonus' AND cap IS NOT NULL
GROUP BY scope, subject, rule
HAVING excess < 0;
