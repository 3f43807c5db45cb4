-- The month's facts: rows of the public tables, with the event each is made of. `scratch` judges by the month's rules.

CREATE TABLE scratch.subjects
(
    scope String, subject String, street String, site String, tier String, window String, department String, pool String,
    pioneer UInt8
)
ENGINE = MergeTree ORDER BY (scope, subject);

-- Staff: everybody with a post in the month; of several posts the one held on most days.
INSERT INTO scratch.subjects
SELECT 'staff', p.staff, s.street, w.site, s.tier, p.window, w.department, p.pool, p.pioneer
FROM
(
    SELECT *, least(valid_to, m.last_day) - greatest(valid_from, m.first_day) + 1 AS days
    FROM scratch.posts CROSS JOIN scratch.month AS m
    WHERE days > 0
) AS p
LEFT JOIN scratch.windows AS w ON p.window = w.window
LEFT JOIN scratch.sites AS s ON w.site = s.site
ORDER BY p.staff, p.days DESC, p.valid_from DESC, p.window
LIMIT 1 BY p.staff;

-- Sites are compared with those of their tier.
INSERT INTO scratch.subjects
SELECT 'site', site, street, site, tier, '', '', tier, 0 FROM scratch.sites;

-- Until when a service counts as rated in time.
CREATE TABLE scratch.rating_deadlines ENGINE = Memory AS
WITH (SELECT assessment__rating_workdays FROM scratch.rule) AS workdays
SELECT a.day AS day, if(workdays = 0, a.day, b.day) AS deadline
FROM scratch.calendar AS a
LEFT JOIN (SELECT day, ordinal FROM scratch.calendar WHERE workday) AS b ON b.ordinal = a.ordinal + workdays;

CREATE TABLE scratch.all_ratings ENGINE = MergeTree ORDER BY rating AS
SELECT
    r.rating AS rating, r.service AS service, r.level AS level, r.points AS points, l.good AS good, l.bad AS bad,
    r.channel AS channel, r.round AS round, toInt32(r.day) AS day, r.street AS street, r.site AS site, r.window AS window,
    r.staff AS staff, r.item AS item, r.effective AS effective, r.voided AS voided, e.position AS position,
    (e.source, e.id) AS event
FROM scratch.ratings AS r
LEFT JOIN scratch.levels AS l ON r.level = l.level
LEFT JOIN
(
    SELECT rating, source, id, position
    FROM scratch.facts
    WHERE type = 'rating.submitted'
    ORDER BY rating, channel = 'system_default', position
    LIMIT 1 BY rating
) AS e ON r.rating = e.rating;

CREATE TABLE scratch.all_services ENGINE = MergeTree ORDER BY service AS
SELECT service, street, site, window, staff, item, toInt32(day) AS day, outcome, completed_at, promised_by, handle_seconds, wait_seconds
FROM scratch.services
WHERE completed_at IS NOT NULL;

CREATE TABLE scratch.month_services ENGINE = MergeTree ORDER BY (site, service) AS
SELECT
    s.service AS service, s.street AS street, s.site AS site, s.window AS window, s.staff AS staff, s.item AS item,
    s.day AS day, s.outcome AS outcome,
    s.promised_by IS NOT NULL AS promised,
    ifNull(s.completed_at <= s.promised_by, 0) AS on_time,
    s.handle_seconds IS NOT NULL AND i.item != '' AS timed,
    ifNull(round(s.handle_seconds * 1000) <= i.std_ms, 0) AS in_standard,
    s.wait_seconds IS NOT NULL AS waited,
    ifNull(round(s.wait_seconds * 1000) <= (SELECT site_month__waiting_minutes FROM scratch.rule) * 60000, 0) AS in_time,
    s.service IN
    (
        SELECT r.service
        FROM scratch.all_ratings AS r
        INNER JOIN scratch.all_services AS c ON r.service = c.service
        INNER JOIN scratch.rating_deadlines AS d ON c.day = d.day
        WHERE r.effective AND NOT r.voided AND r.day <= d.deadline
    ) AS rated,
    (e.source, e.id) AS event
FROM scratch.all_services AS s
LEFT JOIN scratch.items AS i ON s.item = i.item
LEFT JOIN
(
    SELECT service, argMin(source, position) AS source, argMin(id, position) AS id
    FROM scratch.facts
    WHERE type = 'service.completed'
    GROUP BY service
) AS e ON s.service = e.service
WHERE s.day BETWEEN (SELECT first_day FROM scratch.month) AND (SELECT last_day FROM scratch.month);

-- valid: not void. done, answered: whether completed, contacted; the deadlines have passed as of the freeze, or not.
CREATE TABLE scratch.month_rectifications ENGINE = MergeTree ORDER BY rating AS
WITH (SELECT freeze_ms FROM scratch.month) AS freeze_ms
SELECT
    r.rating AS rating, r.site AS site, r.state != 'void' AS valid, r.finding AS finding, r.liable AS liable,
    r.liable_staff AS liable_staff,
    r.completed_at IS NOT NULL AS done,
    r.contacted_at IS NOT NULL AS answered,
    r.revisited_at IS NOT NULL AS revisited,
    ifNull(toUnixTimestamp64Milli(r.completed_at) < (toUnixTimestamp(r.due) + 1) * 1000, 0) AS done_in_time,
    ifNull(toUnixTimestamp64Milli(r.contacted_at) < (toUnixTimestamp(r.contact_due) + 1) * 1000, 0) AS answered_in_time,
    ifNull((toUnixTimestamp(r.due) + 1) * 1000 <= freeze_ms, 0) AS due_passed,
    ifNull((toUnixTimestamp(r.contact_due) + 1) * 1000 <= freeze_ms, 0) AS contact_due_passed,
    (v.source, v.id) AS verification
FROM scratch.rectifications AS r
LEFT JOIN
(
    SELECT rating, argMin(source, position) AS source, argMin(id, position) AS id
    FROM scratch.facts
    WHERE type = 'rectification.verified'
    GROUP BY rating
) AS v ON r.rating = v.rating
WHERE toInt32(toDate(r.opened_at)) BETWEEN (SELECT first_day FROM scratch.month) AND (SELECT last_day FROM scratch.month);

CREATE TABLE scratch.month_ratings ENGINE = MergeTree ORDER BY (site, rating) AS
SELECT
    r.*,
    r.bad AND f.finding IN ('valid', 'explained') AND (f.liable != 'staff' OR f.liable_staff NOT IN ('', r.staff)) AS not_theirs
FROM scratch.all_ratings AS r
LEFT JOIN scratch.month_rectifications AS f ON r.rating = f.rating
WHERE r.effective AND NOT r.voided
    AND r.day BETWEEN (SELECT first_day FROM scratch.month) AND (SELECT last_day FROM scratch.month);

-- The same by whom they are counted for: the staff, and the site.
CREATE TABLE scratch.rated ENGINE = MergeTree ORDER BY (scope, subject) AS
SELECT s.scope AS scope, s.subject AS subject, s.pool AS pool, r.level AS level, r.points AS points, r.good AS good, r.event AS event
FROM
(
    SELECT 'staff' AS scope, staff AS subject, level, points, good, event FROM scratch.month_ratings WHERE NOT not_theirs
    UNION ALL
    SELECT 'site', site, level, points, good, event FROM scratch.month_ratings
) AS r
INNER JOIN scratch.subjects AS s ON r.scope = s.scope AND r.subject = s.subject;

CREATE TABLE scratch.served ENGINE = MergeTree ORDER BY (scope, subject) AS
SELECT
    s.scope AS scope, s.subject AS subject, v.promised AS promised, v.on_time AS on_time, v.timed AS timed,
    v.in_standard AS in_standard, v.waited AS waited, v.in_time AS in_time, v.rated AS rated, v.event AS event
FROM
(
    SELECT 'staff' AS scope, staff AS subject, * EXCEPT (staff, site) FROM scratch.month_services
    UNION ALL
    SELECT 'site', site, * EXCEPT (staff, site) FROM scratch.month_services
) AS v
INNER JOIN scratch.subjects AS s ON v.scope = s.scope AND v.subject = s.subject;
