-- A year, out of the results of its quarters.

CREATE TABLE scratch.rated_quarters ENGINE = Memory AS
SELECT
    staff, toInt64(countIf(rated)) AS quarters, toInt64(sumIf(star, rated)) AS stars,
    toInt64(countIf(rated AND star >= (SELECT staff_year__star_level FROM scratch.rule))) AS star_quarters,
    minIf(star, rated) AS lowest_star, sum(veto) AS veto,
    argMax(street, period) AS street, argMax(site, period) AS site, argMax(tier, period) AS tier, argMax(window, period) AS window,
    argMax(department, period) AS department, argMax(pool, period) AS pool, argMax(pioneer, period) AS pioneer
FROM scratch.staff_quarters
GROUP BY staff;

CREATE TABLE scratch.reviews ENGINE = Memory AS
SELECT subject AS staff, toNullable(argMax(points, (period, line))) AS points, argMax(events, (period, line)) AS events
FROM scratch.month_lines
WHERE scope = 'entry' AND block = 'review'
GROUP BY subject;

INSERT INTO scratch.draft
WITH (SELECT toInt64(staff_year__quarter_weight * 10000) FROM scratch.rule) AS weight
SELECT 'staff', q.staff, 1, 'quarters', 0, 'quarter', 0, assumeNotNull(q.score) * weight, 10000 * r.quarters, 1, r.quarters, q.period, []
FROM scratch.staff_quarters AS q
INNER JOIN scratch.rated_quarters AS r ON q.staff = r.staff
WHERE q.rated AND r.quarters >= (SELECT staff_year__min_quarters FROM scratch.rule);

INSERT INTO scratch.draft
WITH (SELECT staff_year__star_weight FROM scratch.rule) AS weight
SELECT 'staff', staff, 2, 'stars', 0, 'stars', 0, weight * (100 * stars), 5 * quarters, 1, quarters, concat(toString(stars), '星'), []
FROM scratch.rated_quarters
WHERE quarters >= (SELECT staff_year__min_quarters FROM scratch.rule);

INSERT INTO scratch.draft
WITH (SELECT toInt64(staff_year__review_weight * 10000) FROM scratch.rule) AS weight
SELECT 'staff', r.staff, 3, 'review', 0, 'review', 0, assumeNotNull(v.points) * weight, 10000, 1, 1, '年度评议', v.events
FROM scratch.rated_quarters AS r
INNER JOIN scratch.reviews AS v ON r.staff = v.staff
WHERE r.quarters >= (SELECT staff_year__min_quarters FROM scratch.rule);

CREATE TABLE scratch.scored_quarters ENGINE = Memory AS
SELECT site, toInt64(count()) AS quarters FROM scratch.site_quarters WHERE score IS NOT NULL GROUP BY site;

INSERT INTO scratch.draft
SELECT 'site', q.site, 1, 'quarters', 0, 'quarter', 0, assumeNotNull(q.score), s.quarters, 1, s.quarters, q.period, []
FROM scratch.site_quarters AS q
INNER JOIN scratch.scored_quarters AS s ON q.site = s.site
WHERE q.score IS NOT NULL;

CREATE TABLE scratch.adjustments ENGINE = Memory AS
WITH (SELECT assumeNotNull(any(site_year__adjustment_max)) FROM scratch.rule) AS most
SELECT
    subject AS site, CAST(greatest(-most, least(most, sum(points))) AS Decimal(38, 8)) AS held, count() AS records,
    arraySort(arrayFlatten(groupArray(events))) AS events
FROM scratch.month_lines
WHERE scope = 'entry' AND block = 'adjustment'
GROUP BY subject;

INSERT INTO scratch.draft
SELECT 'site', site, 2, 'adjustment', 0, 'adjustment', 0, held, 1, records, records, '年度调整', events
FROM scratch.adjustments
WHERE site IN (SELECT site FROM scratch.scored_quarters);
