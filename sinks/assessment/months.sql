-- The month's results: scores, bands, ranks; and the counts that results can be cut by.

INSERT INTO scratch.staff_months
WITH
    (SELECT period FROM scratch.span) AS period,
    (SELECT staff_month__min_duty_days FROM scratch.rule) AS min_duty_days,
    (SELECT staff_month__min_services FROM scratch.rule) AS min_services,
    (SELECT staff_month__excellent FROM scratch.rule) AS excellent,
    (SELECT staff_month__good FROM scratch.rule) AS good,
    (SELECT staff_month__passed FROM scratch.rule) AS passed,
    (SELECT toInt64(staff_month__interview_share * 10000) FROM scratch.rule) AS interview_share
SELECT
    period, t.subject, t.street, t.site, t.tier, t.window, t.department, t.pool, t.pioneer, t.duty_days, t.services, t.ratings,
    t.good_ratings, t.bad_ratings, t.rating_points, t.efficiency_points, t.discipline_points, t.service_points, t.bonus_points,
    t.score, t.graded,
    multiIf(NOT t.graded, 'ungraded', t.score >= excellent, 'excellent', t.score >= good, 'good', t.score >= passed, 'pass', 'fail') AS band,
    if(t.graded, t.place, 0) AS rank,
    t.pool_size,
    t.graded AND t.below < intDiv(t.pool_size * interview_share, 10000) AS bottom,
    multiIf(band = 'fail', 'fail', bottom AND b.bottom, 'bottom', '') AS interview,
    t.wilson, t.deductions, t.liable, t.veto, ''
FROM
(
    SELECT
        u.*,
        countIf(graded) OVER (PARTITION BY pool) AS pool_size,
        rank() OVER (PARTITION BY pool, graded ORDER BY score DESC) AS place,
        rank() OVER (PARTITION BY pool, graded ORDER BY score) - 1 AS below
    FROM
    (
        SELECT
            s.subject AS subject, s.street AS street, s.site AS site, s.tier AS tier, s.window AS window,
            s.department AS department, s.pool AS pool, s.pioneer AS pioneer,
            d.days AS duty_days, v.n_services AS services, r.ratings AS ratings, r.good AS good_ratings, x.bad AS bad_ratings,
            p.rating AS rating_points, p.efficiency AS efficiency_points, p.discipline AS discipline_points,
            p.service AS service_points, p.bonus AS bonus_points, p.score AS score,
            d.days >= min_duty_days AND v.n_services >= min_services AS graded,
            wilson(r.good, r.ratings) AS wilson,
            c.deductions AS deductions, c.liable AS liable, c.veto AS veto
        FROM scratch.subjects AS s
        INNER JOIN scratch.block_points AS p ON s.scope = p.scope AND s.subject = p.subject
        INNER JOIN scratch.served_totals AS v ON s.scope = v.scope AND s.subject = v.subject
        INNER JOIN scratch.rating_totals AS r ON s.scope = r.scope AND s.subject = r.subject
        LEFT JOIN
        (
            SELECT staff, uniqExact(day) AS days
            FROM
            (
                SELECT staff, day_number AS day FROM scratch.facts
                WHERE type = 'window.opened'
                    AND time_ms >= (SELECT start_ms FROM scratch.month) AND time_ms < (SELECT end_ms FROM scratch.month)
                UNION ALL
                SELECT staff, day FROM scratch.month_services
            )
            GROUP BY staff
        ) AS d ON s.subject = d.staff
        LEFT JOIN (SELECT staff, countIf(bad) AS bad FROM scratch.month_ratings GROUP BY staff) AS x ON s.subject = x.staff
        LEFT JOIN
        (
            SELECT
                subject, countIf(points < 0 AND block IN ('discipline', 'service', 'bonus')) AS deductions,
                countIf(complaint) AS liable, countIf(block = 'veto') AS veto
            FROM scratch.counted_records
            WHERE scope = 'staff'
            GROUP BY subject
        ) AS c ON s.subject = c.subject
        WHERE s.scope = 'staff'
    ) AS u
) AS t
LEFT JOIN (SELECT staff, bottom FROM scratch.before_staff) AS b ON t.subject = b.staff;

INSERT INTO scratch.bill_lines
SELECT
    (SELECT period FROM scratch.span) AS period, 'entry', e.subject, s.street, row_number() OVER (PARTITION BY e.subject ORDER BY e.position) AS line,
    e.block, e.rule, e.points, 1, 1, e.detail, e.events, ''
FROM scratch.entries AS e
LEFT JOIN scratch.subject_streets AS s ON e.subject = s.subject;

-- Scores that show alike share a rank.
INSERT INTO scratch.site_months
WITH
    (SELECT period FROM scratch.span) AS period,
    (SELECT site_month__min_services FROM scratch.rule) AS min_services
SELECT
    period, t.subject, t.street, t.tier, t.services, t.ratings, t.good_ratings, t.bad_ratings, t.rated_services, t.average,
    t.participation, t.opening, t.online, t.late_uploads, t.rating_points, t.participation_points, t.closing_points,
    t.efficiency_points, t.opening_points, t.quality_points, t.patrol_points, t.bonus_points, t.score, t.ranked,
    if(t.ranked, t.place, 0), if(t.ranked AND t.tier = 'community', t.place_in_street, 0), ifNull(b.rank, 0), t.overdue, t.losses, ''
FROM
(
    SELECT
        u.*,
        rank() OVER (PARTITION BY tier, ranked ORDER BY round(score, 2) DESC) AS place,
        rank() OVER (PARTITION BY tier, ranked, street ORDER BY round(score, 2) DESC) AS place_in_street
    FROM
    (
        SELECT
            s.subject AS subject, s.street AS street, s.tier AS tier, v.n_services AS services, r.ratings AS ratings,
            r.good AS good_ratings, x.bad AS bad_ratings, v.n_services - v.n_unrated AS rated_services,
            if(r.ratings = 0, NULL, ratio(r.total, r.ratings)) AS average,
            if(v.n_services = 0, NULL, ratio(v.n_services - v.n_unrated, v.n_services)) AS participation,
            if(o.published_ms = 0, NULL, ratio(o.open_ms, o.published_ms)) AS opening,
            if(n.due_ms = 0, NULL, ratio(n.online_ms, n.due_ms)) AS online,
            if(e.events = 0, NULL, ratio(e.late, e.events)) AS late_uploads,
            p.rating AS rating_points, p.participation AS participation_points, p.closing AS closing_points,
            p.efficiency AS efficiency_points, p.opening AS opening_points, p.quality AS quality_points, p.patrol AS patrol_points,
            p.bonus AS bonus_points, p.score AS score,
            s.tier != 'community' OR v.n_services >= min_services AS ranked,
            w.overdue AS overdue,
            arrayMap(loss -> (loss.2, loss.1), l.losses) AS losses
        FROM scratch.subjects AS s
        INNER JOIN scratch.block_points AS p ON s.scope = p.scope AND s.subject = p.subject
        INNER JOIN scratch.served_totals AS v ON s.scope = v.scope AND s.subject = v.subject
        INNER JOIN scratch.rating_totals AS r ON s.scope = r.scope AND s.subject = r.subject
        LEFT JOIN scratch.opening AS o ON s.subject = o.site
        LEFT JOIN scratch.online AS n ON s.subject = n.site
        LEFT JOIN scratch.uploads AS e ON s.subject = e.site
        LEFT JOIN scratch.top_losses AS l ON s.subject = l.subject
        LEFT JOIN (SELECT site, countIf(bad) AS bad FROM scratch.month_ratings GROUP BY site) AS x ON s.subject = x.site
        LEFT JOIN (SELECT site, count() AS overdue FROM scratch.overdue GROUP BY site) AS w ON s.subject = w.site
        WHERE s.scope = 'site'
    ) AS u
) AS t
LEFT JOIN (SELECT site, rank FROM scratch.before_sites) AS b ON t.subject = b.site;

INSERT INTO scratch.month_measures
SELECT
    (SELECT period FROM scratch.span) AS period, street, site, window, staff, item,
    sum(services), sum(promised), sum(promised_on_time), sum(timed), sum(timed_in_standard), sum(waited), sum(waited_in_time),
    sum(rated_services), sum(unresolved), sum(ratings), sum(very_satisfied), sum(satisfied), sum(basically_satisfied),
    sum(dissatisfied), sum(very_dissatisfied), sum(points), sum(good_ratings), sum(defaults), sum(voided), sum(unmatched), sum(not_theirs), ''
FROM
(
    SELECT
        street, site, window, staff, item, 1 AS services, promised, promised AND on_time AS promised_on_time, timed,
        timed AND in_standard AS timed_in_standard, waited, waited AND in_time AS waited_in_time, rated AS rated_services,
        outcome = 'unresolved' AS unresolved, 0 AS ratings, 0 AS very_satisfied, 0 AS satisfied, 0 AS basically_satisfied,
        0 AS dissatisfied, 0 AS very_dissatisfied, toInt64(0) AS points, 0 AS good_ratings, 0 AS defaults, 0 AS voided, 0 AS unmatched,
        0 AS not_theirs
    FROM scratch.month_services
    UNION ALL
    SELECT
        street, site, window, staff, item, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, level = 'very_satisfied', level = 'satisfied',
        level = 'basically_satisfied', level = 'dissatisfied', level = 'very_dissatisfied', points, good, 0, 0, service = '', not_theirs
    FROM scratch.month_ratings
    UNION ALL
    SELECT
        street, site, window, staff, item, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        channel = 'system_default' AND NOT voided, effective AND voided, 0, 0
    FROM scratch.all_ratings
    WHERE day BETWEEN (SELECT first_day FROM scratch.month) AND (SELECT last_day FROM scratch.month)
        AND ((channel = 'system_default' AND NOT voided) OR (effective AND voided))
)
GROUP BY street, site, window, staff, item;
