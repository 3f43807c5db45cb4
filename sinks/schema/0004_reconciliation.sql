-- Live days against the facts (contract §5): a row where they differ. Voids do not count here: live boards don't go back.

CREATE OR REPLACE VIEW pingliu.street_day_facts AS
SELECT street, toDate(day_number) AS day, measure, sum(amount) AS facts
FROM
(
    SELECT street, day_number, pair.1 AS measure, toInt64(pair.2) AS amount
    FROM
    (
        SELECT issue_street AS street, toInt32(intDiv(issue_ms + 28800000, 86400000)) AS day_number, [('tickets', 1)] AS pairs
        FROM pingliu.ticket_facts WHERE is_issued
        UNION ALL
        SELECT call_street, toInt32(intDiv(call_ms + 28800000, 86400000)),
            [('calls', 1), ('wait_ms', ifNull(wait_ms, 0)), ('wait_count', wait_ms IS NOT NULL)]
        FROM pingliu.ticket_facts WHERE is_called
        UNION ALL
        SELECT abandon_street, toInt32(intDiv(abandon_ms + 28800000, 86400000)), [('abandoned', 1)]
        FROM pingliu.ticket_facts WHERE is_abandoned
        UNION ALL
        SELECT end_street, toInt32(intDiv(end_ms + 28800000, 86400000)),
            [('services', 1), ('handle_ms', ifNull(handle_ms, 0)), ('handle_count', handle_ms IS NOT NULL)]
        FROM pingliu.service_facts WHERE is_completed
        UNION ALL
        SELECT r.street, r.day_number,
            [('ratings', 1), (r.level, 1), ('points', l.points), ('rectifications_opened', l.bad)]
        FROM pingliu.rating_facts AS r LEFT JOIN pingliu.levels AS l ON r.level = l.level WHERE r.effective
    )
    ARRAY JOIN pairs AS pair
)
WHERE amount != 0
GROUP BY street, day_number, measure;

CREATE OR REPLACE VIEW pingliu.street_day_live AS
SELECT street, toDate(toInt32(start)) AS day, pair.1 AS measure, pair.2 AS live
FROM pingliu.live_log FINAL
ARRAY JOIN [
    ('tickets', tickets), ('calls', calls), ('abandoned', abandoned), ('services', services), ('ratings', ratings),
    ('very_satisfied', very_satisfied), ('satisfied', satisfied), ('basically_satisfied', basically_satisfied),
    ('dissatisfied', dissatisfied), ('very_dissatisfied', very_dissatisfied), ('points', points),
    ('wait_ms', wait_ms), ('wait_count', wait_count), ('handle_ms', handle_ms), ('handle_count', handle_count),
    ('rectifications_opened', rectifications_opened)
] AS pair
WHERE grain = 'street_days' AND live != 0;

-- Compared to the millisecond, said in the columns of street_days: sums of times in seconds.
CREATE OR REPLACE VIEW pingliu.reconciliation AS
SELECT
    if(l.street != '', l.street, f.street) AS street,
    if(l.street != '', l.day, f.day) AS day,
    replaceOne(if(l.street != '', l.measure, f.measure), '_ms', '_seconds_sum') AS measure,
    if(endsWith(measure, '_seconds_sum'), l.live / 1000, l.live) AS live,
    if(endsWith(measure, '_seconds_sum'), f.facts / 1000, f.facts) AS facts
FROM pingliu.street_day_live AS l
FULL OUTER JOIN pingliu.street_day_facts AS f ON l.street = f.street AND l.day = f.day AND l.measure = f.measure
WHERE l.live != f.facts;
