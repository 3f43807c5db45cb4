-- The quarter's stars, ranks and bands.

INSERT INTO scratch.staff_quarters
WITH
    (SELECT toInt64(star__five_share * 10000) FROM scratch.rule) AS five_share,
    (SELECT toInt64(star__four_share * 10000) FROM scratch.rule) AS four_share,
    (SELECT star__quota_from FROM scratch.rule) AS quota_from
SELECT
    (SELECT period FROM scratch.span) AS period, t.staff, t.street, t.site, t.tier, t.window, t.department, t.pool, t.pioneer,
    t.graded_months, t.services, t.ratings, t.good_ratings, t.deductions, t.liable, t.veto, t.wilson, t.rated, t.score,
    if(t.rated AND t.veto = 0, t.place, 0) AS rank, t.pool_size,
    multiIf(
        rank = 0, 0,
        t.score >= r.star__five_score AND rank <= t.fives AND t.liable = 0 AND t.ratings >= r.star__five_ratings, 5,
        t.score >= r.star__four_score AND rank <= t.fours, 4,
        t.score >= r.star__three_score, 3,
        t.score >= r.star__two_score, 2,
        t.score >= r.star__one_score, 1,
        0
    ) AS star,
    ''
FROM
(
    SELECT
        u.*,
        countIf(rated) OVER (PARTITION BY pool) AS pool_size,
        greatest(intDiv(pool_size * five_share, 10000), pool_size >= quota_from) AS fives,
        greatest(intDiv(pool_size * four_share, 10000), pool_size >= quota_from) AS fours,
        rank() OVER (PARTITION BY pool, rated AND veto = 0 ORDER BY score DESC, deductions, wilson DESC, services DESC) AS place
    FROM
    (
        SELECT
            m.staff AS staff, m.* EXCEPT (staff), g.months AS graded_months, p.points AS score, p.points IS NOT NULL AS rated,
            wilson(m.good_ratings, m.ratings) AS wilson
        FROM
        (
            SELECT
                staff, argMax(street, period) AS street, argMax(site, period) AS site, argMax(tier, period) AS tier,
                argMax(window, period) AS window, argMax(department, period) AS department, argMax(pool, period) AS pool,
                argMax(pioneer, period) AS pioneer, sum(services) AS services, sum(ratings) AS ratings,
                sum(good_ratings) AS good_ratings, sum(deductions) AS deductions, sum(liable) AS liable, sum(veto) AS veto
            FROM scratch.staff_months
            GROUP BY staff
        ) AS m
        INNER JOIN scratch.graded AS g ON m.staff = g.staff
        LEFT JOIN
        (
            SELECT subject, toNullable(CAST(sum(points) AS Decimal(18, 8))) AS points FROM scratch.priced WHERE scope = 'staff' GROUP BY subject
        ) AS p ON m.staff = p.subject
    ) AS u
) AS t
CROSS JOIN scratch.rule AS r;

INSERT INTO scratch.site_quarters
SELECT
    (SELECT period FROM scratch.span) AS period, t.site, t.street, t.tier, t.months, t.inspection, t.overdue, t.own,
    if(t.tier = 'street', t.communities, 0), t.score,
    multiIf(NOT t.ranked, '', t.score >= r.site_quarter__excellent, 'excellent', t.score >= r.site_quarter__good, 'good',
        t.score >= r.site_quarter__passed, 'pass', 'fail') AS band,
    t.ranked, if(t.ranked, t.place, 0), if(t.ranked AND t.tier = 'community', t.place_in_street, 0), ifNull(b.rank, 0),
    t.tier = 'street' AND t.ranked AND t.from_below = 1 AS last,
    multiIf(t.tier != 'street', '', band = 'fail', 'fail', last AND b.last, 'last', '') AS interview,
    ''
FROM
(
    SELECT
        u.*,
        rank() OVER (PARTITION BY tier, ranked ORDER BY round(score, 2) DESC) AS place,
        rank() OVER (PARTITION BY tier, ranked ORDER BY round(score, 2)) AS from_below,
        rank() OVER (PARTITION BY tier, ranked, street ORDER BY round(score, 2) DESC) AS place_in_street
    FROM
    (
        SELECT
            m.site AS site, m.street AS street, m.tier AS tier, toInt64(ifNull(b.months, 0)) AS months, i.points AS inspection, m.overdue AS overdue,
            o.own AS own, c.number AS communities, p.points AS score, p.points IS NOT NULL AS ranked
        FROM (SELECT site, any(street) AS street, any(tier) AS tier, sum(overdue) AS overdue FROM scratch.site_months GROUP BY site) AS m
        LEFT JOIN scratch.site_bases AS b ON m.site = b.site
        LEFT JOIN (SELECT site, points FROM scratch.inspections) AS i ON m.site = i.site
        LEFT JOIN (SELECT site, toNullable(CAST(own AS Decimal(18, 8))) AS own FROM scratch.own) AS o ON m.site = o.site
        LEFT JOIN scratch.communities AS c ON m.street = c.street
        LEFT JOIN
        (
            SELECT subject, toNullable(CAST(sum(points) AS Decimal(18, 8))) AS points FROM scratch.priced WHERE scope = 'site' GROUP BY subject
        ) AS p ON m.site = p.subject
    ) AS u
) AS t
CROSS JOIN scratch.rule AS r
LEFT JOIN scratch.before_sites AS b ON t.site = b.site;
