-- What a month's scores are made of, out of the log: the events of its services and ratings, whatever their own time, and
-- what was said of those. Everything else of `scratch` is made of these, by the views of the facts themselves.

-- The services of the month: those that started or ended in it, and those that were rated in it.
CREATE TABLE scratch.excerpt_services ENGINE = MergeTree ORDER BY service AS
SELECT DISTINCT service
FROM pingliu.event_log
WHERE type IN ('service.started', 'service.completed', 'rating.submitted') AND service != ''
    AND time_ms >= (SELECT start_ms FROM scratch.month) AND time_ms < (SELECT end_ms FROM scratch.month);

-- The ratings of the month, and all those of its services.
CREATE TABLE scratch.excerpt_ratings ENGINE = MergeTree ORDER BY rating AS
SELECT DISTINCT rating
FROM pingliu.event_log
WHERE type = 'rating.submitted'
    AND (time_ms >= (SELECT start_ms FROM scratch.month) AND time_ms < (SELECT end_ms FROM scratch.month)
        OR service IN (SELECT service FROM scratch.excerpt_services));

CREATE TABLE scratch.excerpt_tickets ENGINE = MergeTree ORDER BY ticket AS
SELECT DISTINCT ticket
FROM pingliu.event_log
WHERE type IN ('service.started', 'service.completed') AND ticket != ''
    AND service IN (SELECT service FROM scratch.excerpt_services);

CREATE TABLE scratch.facts ENGINE = MergeTree ORDER BY type AS
SELECT * FROM pingliu.facts
WHERE is_below AND
(
    (type IN ('service.started', 'service.completed') AND service IN (SELECT service FROM scratch.excerpt_services))
    OR (type = 'rating.submitted'
        AND (rating IN (SELECT rating FROM scratch.excerpt_ratings)
            OR service IN (SELECT service FROM scratch.excerpt_services)))
    OR ((startsWith(type, 'rectification.') OR type IN ('rating.voided', 'rating.reinstated'))
        AND rating IN (SELECT rating FROM scratch.excerpt_ratings))
    OR (type IN ('ticket.issued', 'ticket.called') AND ticket IN (SELECT ticket FROM scratch.excerpt_tickets))
    OR type IN ('window.opened', 'window.closed', 'conduct.recorded', 'conduct.withdrawn',
        'supervision.opened', 'supervision.closed')
    OR (type IN ('window.paused', 'window.resumed', 'device.heartbeat')
        AND time_ms >= (SELECT start_ms FROM scratch.month) AND time_ms < (SELECT end_ms FROM scratch.month))
)
-- In small blocks, or a folder whose parts aren't merged yet takes more memory than a statement may.
SETTINGS min_insert_block_size_rows = 131072, min_insert_block_size_bytes = 67108864;

-- How many events of the month each site sent, and which came late: behind an event of their street that was more than
-- upload_hours newer. Looked at from the month's first day to 8 days after its last.
CREATE TABLE scratch.late_positions ENGINE = MergeTree ORDER BY position AS
SELECT position
FROM
(
    SELECT
        position, time_ms,
        max(time_ms) OVER (PARTITION BY street ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS newest_ms
    FROM
    (
        SELECT street, bitNot(precedence) AS position, time_ms
        FROM pingliu.event_log FINAL
        WHERE is_below AND type != 'device.heartbeat'
            AND time_ms >= (SELECT start_ms FROM scratch.month) AND time_ms < (SELECT watched_ms FROM scratch.month)
    )
)
WHERE time_ms < (SELECT end_ms FROM scratch.month)
    AND newest_ms - time_ms > (SELECT site_month__upload_hours FROM scratch.rule) * 3600000;

CREATE TABLE scratch.uploads ENGINE = Memory AS
SELECT
    site,
    count() AS events,
    countIf(position IN (SELECT position FROM scratch.late_positions)) AS late,
    arraySort(groupArrayIf((source, id), position IN (SELECT position FROM scratch.late_positions))) AS late_events
FROM
(
    SELECT site, source, id, bitNot(precedence) AS position
    FROM pingliu.event_log FINAL
    WHERE is_below AND type != 'device.heartbeat'
        AND time_ms >= (SELECT start_ms FROM scratch.month) AND time_ms < (SELECT end_ms FROM scratch.month)
)
GROUP BY site;
