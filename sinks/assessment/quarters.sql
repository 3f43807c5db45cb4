-- A quarter, out of the results of its months.

CREATE TABLE scratch.graded ENGINE = Memory AS
SELECT staff, toInt64(countIf(graded)) AS months
FROM scratch.staff_months
GROUP BY staff;

INSERT INTO scratch.draft
SELECT 'staff', m.staff, 1, 'months', 0, 'month', 0, m.score, g.months, 1, g.months, m.period, []
FROM scratch.staff_months AS m
INNER JOIN scratch.graded AS g ON m.staff = g.staff
WHERE m.graded AND g.months >= (SELECT star__min_graded_months FROM scratch.rule);

CREATE TABLE scratch.inspections ENGINE = Memory AS
SELECT subject AS site, toNullable(argMax(points, (period, line))) AS points, argMax(events, (period, line)) AS events
FROM scratch.month_lines
WHERE scope = 'entry' AND block = 'inspection'
GROUP BY subject;

-- Sites: the months that count, the last inspection, matters overdue. The own part of a street centre has a scope of its own.
CREATE TABLE scratch.site_bases ENGINE = Memory AS
SELECT m.site AS site, m.* EXCEPT (site), i.points AS inspection, i.events AS inspection_events
FROM
(
    SELECT
        site, if(any(tier) = 'street', 'centre', 'site') AS scope, toInt64(countIf(ranked AND services > 0)) AS months,
        sumIf(score, ranked AND services > 0) AS total, toInt64(sum(overdue)) AS matters
    FROM scratch.site_months
    GROUP BY site
) AS m
LEFT JOIN scratch.inspections AS i ON m.site = i.site
WHERE m.months > 0;

INSERT INTO scratch.draft
WITH (SELECT toInt64(site_quarter__months_weight * 10000) FROM scratch.rule) AS weight
SELECT b.scope, b.site, 1, 'months', 0, 'month', 0, m.score * weight, 10000 * b.months, 1, b.months, m.period, []
FROM scratch.site_months AS m
INNER JOIN scratch.site_bases AS b ON m.site = b.site
WHERE m.ranked AND m.services > 0;

INSERT INTO scratch.draft
WITH (SELECT toInt64(site_quarter__inspection_weight * 10000) FROM scratch.rule) AS weight
SELECT
    scope, site, 2, 'inspection', 0, if(inspection IS NULL, 'inspection.missing', 'inspection'), 0,
    if(inspection IS NULL, total, assumeNotNull(inspection)) * weight, if(inspection IS NULL, 10000 * months, 10000), 1, 1,
    if(inspection IS NULL, '现场检查未录入，以月均分代', '现场检查'), inspection_events
FROM scratch.site_bases;

INSERT INTO scratch.draft
WITH
    (SELECT site_quarter__overdue_points FROM scratch.rule) AS points,
    (SELECT site_quarter__overdue_max FROM scratch.rule) AS most
SELECT
    b.scope, b.site, 3, 'supervision', 0, 'supervision.overdue', 0, greatest(points * b.matters, -most), 1, b.matters, b.matters, '督办逾期', l.events
FROM scratch.site_bases AS b
LEFT JOIN
(
    SELECT subject, arraySort(arrayFlatten(groupArray(events))) AS events
    FROM scratch.month_lines
    WHERE scope = 'site' AND rule = 'supervision.overdue'
    GROUP BY subject
) AS l ON b.site = l.subject
WHERE b.matters > 0;
