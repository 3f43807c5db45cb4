-- The year's candidates and rankings.

INSERT INTO scratch.staff_years
WITH
    (SELECT toInt64(staff_year__place_share * 10000) FROM scratch.rule) AS place_share,
    (SELECT toInt64(staff_year__candidate_factor * 10000) FROM scratch.rule) AS candidate_factor
SELECT
    (SELECT period FROM scratch.span) AS period, t.staff, t.street, t.site, t.tier, t.window, t.department, t.pool, t.pioneer,
    t.quarters, t.stars, t.star_quarters, t.lowest_star, t.veto, t.review, t.score, t.eligible, t.rank, t.pool_size, t.places,
    t.rank > 0 AND t.rank <= intDiv(t.places * candidate_factor + 9999, 10000) AS candidate,
    t.within AND rank() OVER (PARTITION BY t.within ORDER BY t.score DESC) <= r.staff_year__most_places AS proposed,
    ''
FROM
(
    SELECT
        v.*, greatest(1, intDiv(pool_size * place_share, 10000)) AS places,
        if(eligible, place, 0) AS rank, rank > 0 AND rank <= places AS within
    FROM
    (
        SELECT
            u.*,
            countIf(score IS NOT NULL) OVER (PARTITION BY pool) AS pool_size,
            rank() OVER (PARTITION BY pool, eligible ORDER BY score DESC) AS place
        FROM
        (
            SELECT
                q.staff AS staff, q.* EXCEPT (staff), w.points AS review, p.points AS score,
                p.points IS NOT NULL AND q.star_quarters >= r.staff_year__star_quarters
                    AND q.lowest_star >= r.staff_year__min_star AND q.veto = 0 AS eligible
            FROM scratch.rated_quarters AS q
            CROSS JOIN scratch.rule AS r
            LEFT JOIN (SELECT staff, points FROM scratch.reviews) AS w ON q.staff = w.staff
            LEFT JOIN
            (
                SELECT subject, toNullable(CAST(sum(points) AS Decimal(18, 8))) AS points FROM scratch.priced WHERE scope = 'staff' GROUP BY subject
            ) AS p ON q.staff = p.subject
        ) AS u
    ) AS v
) AS t
CROSS JOIN scratch.rule AS r;

INSERT INTO scratch.site_years
SELECT
    (SELECT period FROM scratch.span) AS period, t.site, t.street, t.tier, t.quarters, t.adjustment, t.score, t.ranked,
    if(t.ranked, t.place, 0), if(t.ranked AND t.tier = 'community', t.place_in_street, 0), ifNull(b.rank, 0), t.losses, ''
FROM
(
    SELECT
        u.*,
        rank() OVER (PARTITION BY tier, ranked ORDER BY round(score, 2) DESC) AS place,
        rank() OVER (PARTITION BY tier, ranked, street ORDER BY round(score, 2) DESC) AS place_in_street
    FROM
    (
        SELECT
            q.site AS site, q.street AS street, q.tier AS tier, toInt64(ifNull(s.quarters, 0)) AS quarters,
            a.held AS adjustment, p.points AS score, p.points IS NOT NULL AS ranked, l.losses AS losses
        FROM (SELECT site, any(street) AS street, any(tier) AS tier FROM scratch.site_quarters GROUP BY site) AS q
        LEFT JOIN scratch.scored_quarters AS s ON q.site = s.site
        LEFT JOIN (SELECT site, held FROM scratch.adjustments) AS a ON q.site = a.site
        LEFT JOIN
        (
            SELECT subject, toNullable(CAST(sum(points) AS Decimal(18, 8))) AS points FROM scratch.priced WHERE scope = 'site' GROUP BY subject
        ) AS p ON q.site = p.subject
        LEFT JOIN
        (
            SELECT subject, arrayMap(loss -> (loss.2, CAST(loss.1 AS Decimal(18, 8))), arraySlice(arraySort(groupArray((lost, rule))), 1, 3)) AS losses
            FROM
            (
                SELECT subject, rule, sum(points) AS lost
                FROM scratch.month_lines
                WHERE scope = 'site' AND points < 0
                GROUP BY subject, rule
            )
            GROUP BY subject
        ) AS l ON q.site = l.subject
    ) AS u
) AS t
LEFT JOIN scratch.before_sites AS b ON t.site = b.site;
