-- Official facts (contract §5). "First" is always the smallest (partition, offset), here called position.
-- moment: sorts by time, and within a millisecond by position.

CREATE OR REPLACE VIEW pingliu.facts AS
SELECT
    *,
    bitNot(precedence) AS position,
    toDecimal128(bitShiftLeft(toInt128(time_ms), 64) + position, 0) AS moment,
    toInt32(intDiv(time_ms + 28800000, 86400000)) AS day_number
FROM pingliu.event_log FINAL;

CREATE OR REPLACE VIEW pingliu.events AS
SELECT
    id, source, type, fromUnixTimestamp64Milli(time_ms, 'Asia/Shanghai') AS time, street, site, window, staff, data,
    partition, offset, fromUnixTimestamp64Milli(received_ms, 'Asia/Shanghai') AS received_at
FROM pingliu.event_log FINAL;

-- Who had opened a window from which moment on: '' from its closing.
CREATE OR REPLACE VIEW pingliu.window_sessions AS
SELECT window, moment, if(type = 'window.opened', staff, '') AS staff
FROM pingliu.facts
WHERE type IN ('window.opened', 'window.closed');

-- One row per ticket: first issue, first call, first abandonment; the wait where it is plausible.
CREATE OR REPLACE VIEW pingliu.ticket_facts AS
WITH (SELECT max(value) FROM pingliu.limits WHERE name = 'implausible_ms') AS implausible_ms
SELECT
    *,
    if(is_issued AND is_called, call_ms - issue_ms, NULL) AS wait_raw_ms,
    if(wait_raw_ms BETWEEN 0 AND implausible_ms, wait_raw_ms, NULL) AS wait_ms
FROM
(
    SELECT
        ticket,
        countIf(type = 'ticket.issued') > 0 AS is_issued,
        argMinIf(time_ms, position, type = 'ticket.issued') AS issue_ms,
        argMinIf(street, position, type = 'ticket.issued') AS issue_street,
        argMinIf(item, position, type = 'ticket.issued') AS issue_item,
        countIf(type = 'ticket.called') > 0 AS is_called,
        argMinIf(time_ms, position, type = 'ticket.called') AS call_ms,
        argMinIf(street, position, type = 'ticket.called') AS call_street,
        argMinIf(window, position, type = 'ticket.called') AS call_window,
        countIf(type = 'ticket.abandoned') > 0 AS is_abandoned,
        argMinIf(time_ms, position, type = 'ticket.abandoned') AS abandon_ms,
        argMinIf(street, position, type = 'ticket.abandoned') AS abandon_street
    FROM pingliu.facts
    WHERE type IN ('ticket.issued', 'ticket.called', 'ticket.abandoned')
    GROUP BY ticket
);

-- One row per service: first start, first completion, and the first event of both, which gives street, site and window.
CREATE OR REPLACE VIEW pingliu.service_facts AS
WITH (SELECT max(value) FROM pingliu.limits WHERE name = 'implausible_ms') AS implausible_ms
SELECT
    * EXCEPT (
        start_moment, end_moment, start_staff, end_staff, start_ticket, end_ticket, start_item, end_item, start_kind, end_kind
    ),
    if(is_completed, end_ms, start_ms) AS at_ms,
    if(is_completed, end_moment, start_moment) AS at_moment,
    if(is_completed, end_window, start_window) AS at_window,
    if(end_staff != '', end_staff, start_staff) AS envelope_staff,
    if(end_ticket != '', end_ticket, start_ticket) AS ticket,
    if(end_item != '', end_item, start_item) AS item,
    if(end_kind != '', end_kind, start_kind) AS kind,
    if(is_started AND is_completed, end_ms - start_ms, NULL) AS handle_raw_ms,
    if(handle_raw_ms BETWEEN 0 AND implausible_ms, handle_raw_ms, NULL) AS handle_ms
FROM
(
    SELECT
        service,
        min(position) AS first_position,
        argMin(street, position) AS first_street,
        argMin(site, position) AS first_site,
        argMin(window, position) AS first_window,
        countIf(type = 'service.started') > 0 AS is_started,
        argMinIf(time_ms, position, type = 'service.started') AS start_ms,
        argMinIf(moment, position, type = 'service.started') AS start_moment,
        argMinIf(window, position, type = 'service.started') AS start_window,
        argMinIf(staff, position, type = 'service.started') AS start_staff,
        argMinIf(ticket, position, type = 'service.started') AS start_ticket,
        argMinIf(item, position, type = 'service.started') AS start_item,
        argMinIf(kind, position, type = 'service.started') AS start_kind,
        countIf(type = 'service.completed') > 0 AS is_completed,
        argMinIf(time_ms, position, type = 'service.completed') AS end_ms,
        argMinIf(moment, position, type = 'service.completed') AS end_moment,
        argMinIf(street, position, type = 'service.completed') AS end_street,
        argMinIf(window, position, type = 'service.completed') AS end_window,
        argMinIf(staff, position, type = 'service.completed') AS end_staff,
        argMinIf(ticket, position, type = 'service.completed') AS end_ticket,
        argMinIf(item, position, type = 'service.completed') AS end_item,
        argMinIf(kind, position, type = 'service.completed') AS end_kind,
        argMinIf(outcome, position, type = 'service.completed') AS outcome,
        argMinIf(promised_ms, position, type = 'service.completed') AS promised_ms,
        argMinIf(case_id, position, type = 'service.completed') AS case_id
    FROM pingliu.facts
    WHERE type IN ('service.started', 'service.completed')
    GROUP BY service
);

-- The same with its staff: the envelope's, else who had opened the window by then.
CREATE OR REPLACE VIEW pingliu.service_staff AS
SELECT f.*, if(f.envelope_staff != '', f.envelope_staff, s.staff) AS staff
FROM pingliu.service_facts AS f
ASOF LEFT JOIN pingliu.window_sessions AS s ON f.at_window = s.window AND f.at_moment >= s.moment;

-- One row per rating: its first real submission, else its first default.
CREATE OR REPLACE VIEW pingliu.rating_facts AS
SELECT
    *,
    channel != 'system_default' AND round = 1 AS is_eligible,
    is_eligible AND (service = '' OR position = minIf(position, is_eligible) OVER (PARTITION BY service)) AS effective
FROM
(
    SELECT
        rating, service, level, channel, round, rater_hash, data, time_ms, day_number, street, site, window, staff,
        position, moment
    FROM pingliu.facts
    WHERE type = 'rating.submitted'
    ORDER BY rating, channel = 'system_default', position
    LIMIT 1 BY rating
);

-- The last of voiding and reinstatement decides, whether before or after the rating itself.
CREATE OR REPLACE VIEW pingliu.rating_voids AS
SELECT rating, argMax(type, position) = 'rating.voided' AS voided
FROM pingliu.facts
WHERE type IN ('rating.voided', 'rating.reinstated')
GROUP BY rating;

-- What befell a bad rating: the first event of each kind, but the last revisit.
CREATE OR REPLACE VIEW pingliu.rectification_facts AS
SELECT
    rating,
    countIf(type = 'rectification.contacted') > 0 AS is_contacted,
    argMinIf(time_ms, position, type = 'rectification.contacted') AS contacted_ms,
    countIf(type = 'rectification.verified') > 0 AS is_verified,
    argMinIf(JSONExtractString(data, 'finding'), position, type = 'rectification.verified') AS finding,
    argMinIf(JSONExtractString(data, 'liable'), position, type = 'rectification.verified') AS liable,
    argMinIf(JSONExtractString(data, 'staff'), position, type = 'rectification.verified') AS liable_staff,
    countIf(type = 'rectification.verified' AND JSONExtractString(data, 'finding') = 'void') > 0 AS is_found_void,
    argMinIf(JSONExtractInt(data, 'workdays'), position, type = 'rectification.extended') AS extension,
    countIf(type = 'rectification.completed') > 0 AS is_completed,
    argMinIf(time_ms, position, type = 'rectification.completed') AS completed_ms,
    maxIf(position, type = 'rectification.completed') AS last_completion,
    countIf(type = 'rectification.revisited') > 0 AS is_revisited,
    argMaxIf(time_ms, position, type = 'rectification.revisited') AS revisited_ms,
    argMaxIf(JSONExtractString(data, 'result'), position, type = 'rectification.revisited') AS last_result,
    maxIf(position, type = 'rectification.revisited') AS last_revisit
FROM pingliu.facts
WHERE startsWith(type, 'rectification.')
GROUP BY rating;
