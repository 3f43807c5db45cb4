-- Blocks are held within 0 and their maximum; then what they come to.

CREATE TABLE scratch.maxima ENGINE = Memory AS
SELECT part.1 AS scope, part.2 AS block, part.3 AS most
FROM scratch.rule AS r
ARRAY JOIN [
    ('staff', 'rating', r.staff_month__rating_max),
    ('staff', 'efficiency', r.staff_month__ontime_max + r.staff_month__standard_max),
    ('staff', 'discipline', r.staff_month__discipline_max),
    ('staff', 'service', r.staff_month__service_max),
    ('staff', 'bonus', r.staff_month__bonus_max),
    ('site', 'rating', r.site_month__rating_max),
    ('site', 'participation', r.site_month__participation_max),
    ('site', 'closing', r.site_month__rectified_max + r.site_month__response_max + r.site_month__revisit_max),
    ('site', 'efficiency', r.site_month__ontime_max + r.site_month__waiting_max),
    ('site', 'opening', r.site_month__opening_max),
    ('site', 'quality', r.site_month__online_max + r.site_month__unmatched_max + r.site_month__upload_max),
    ('site', 'patrol', r.site_month__patrol_max),
    ('site', 'bonus', r.site_month__bonus_max)
] AS part;

INSERT INTO scratch.priced
SELECT
    b.scope, b.subject, b.block_no, b.block, 9, concat(b.block, if(b.points < 0, '.floor', '.cap')), 0,
    if(b.points < 0, -b.points, m.most - b.points), 0, 0, if(b.points < 0, '扣完为止', '封顶'), []
FROM
(
    SELECT scope, subject, block, any(block_no) AS block_no, sum(points) AS points
    FROM scratch.priced
    GROUP BY scope, subject, block
) AS b
INNER JOIN scratch.maxima AS m ON b.scope = m.scope AND b.block = m.block
WHERE b.points < 0 OR b.points > m.most;

CREATE TABLE scratch.block_points ENGINE = Memory AS
SELECT
    scope, subject,
    sum(points) AS score,
    sumIf(points, block = 'rating') AS rating, sumIf(points, block = 'efficiency') AS efficiency,
    sumIf(points, block = 'discipline') AS discipline, sumIf(points, block = 'service') AS service,
    sumIf(points, block = 'participation') AS participation, sumIf(points, block = 'closing') AS closing,
    sumIf(points, block = 'opening') AS opening, sumIf(points, block = 'quality') AS quality,
    sumIf(points, block = 'patrol') AS patrol, sumIf(points, block = 'bonus') AS bonus
FROM scratch.priced
GROUP BY scope, subject;

CREATE TABLE scratch.top_losses ENGINE = Memory AS
SELECT subject, arraySlice(arraySort(groupArray((lost, rule))), 1, 3) AS losses
FROM
(
    SELECT subject, rule, sum(points) AS lost
    FROM scratch.priced
    WHERE scope = 'site' AND points < 0
    GROUP BY subject, rule
)
GROUP BY subject;
