-- Requires ClickHouse 24.8.
-- What assessment comes to (docs/assessment.md), period by period; a period's rows are replaced as a whole.
-- period: '2026-09', '2026-Q3', '2026'. Numbers of a score are exact decimals. proof: SHA-256 of the row's other columns,
-- by which `pingliu verify` tells a row that was changed behind its back.

-- One row per assessed period: by which rules, from which events (positions: first offset not looked at, by topic and
-- partition), from which inputs (rules, registry and workdays of its months).
CREATE TABLE IF NOT EXISTS pingliu.assessments
(
    period String,
    rules_sha256 String,
    inputs_sha256 String,
    positions Array(Tuple(topic String, partition Int32, next_offset Int64)),
    results_sha256 String,
    assessed_at DateTime64(3, 'Asia/Shanghai'),
    proof String
)
ENGINE = MergeTree
PARTITION BY period
ORDER BY period;

-- The bill: every point gained or lost. scope: staff, site, or centre (a street centre's own part of its street's quarter).
-- count: how many cases the line is about; of: out of how many. events: (source, id) of those behind it.
CREATE TABLE IF NOT EXISTS pingliu.bill_lines
(
    period String,
    scope LowCardinality(String),
    subject String,
    street LowCardinality(String),
    line UInt32,
    block LowCardinality(String),
    rule LowCardinality(String),
    points Decimal(18, 8),
    count UInt32,
    of UInt32,
    detail String,
    events Array(Tuple(source String, id String)),
    proof String
)
ENGINE = MergeTree
PARTITION BY period
ORDER BY (scope, subject, line);

CREATE TABLE IF NOT EXISTS pingliu.staff_months
(
    period String,
    staff String,
    street String,
    site String,
    tier LowCardinality(String),
    window String,
    department String,
    pool LowCardinality(String),
    pioneer UInt8,
    duty_days UInt32,
    services UInt32,
    ratings UInt32,
    good_ratings UInt32,
    bad_ratings UInt32,
    rating_points Decimal(18, 8),
    efficiency_points Decimal(18, 8),
    discipline_points Decimal(18, 8),
    service_points Decimal(18, 8),
    bonus_points Decimal(18, 8),
    score Decimal(18, 8),
    graded UInt8,
    band LowCardinality(String),
    rank UInt32,
    pool_size UInt32,
    bottom UInt8,
    interview LowCardinality(String),
    wilson Decimal(18, 8),
    deductions UInt32,
    liable UInt32,
    veto UInt32,
    proof String
)
ENGINE = MergeTree
PARTITION BY period
ORDER BY staff;

CREATE TABLE IF NOT EXISTS pingliu.staff_quarters
(
    period String,
    staff String,
    street String,
    site String,
    tier LowCardinality(String),
    window String,
    department String,
    pool LowCardinality(String),
    pioneer UInt8,
    graded_months UInt32,
    services UInt32,
    ratings UInt32,
    good_ratings UInt32,
    deductions UInt32,
    liable UInt32,
    veto UInt32,
    wilson Decimal(18, 8),
    rated UInt8,
    score Nullable(Decimal(18, 8)),
    rank UInt32,
    pool_size UInt32,
    star UInt8,
    proof String
)
ENGINE = MergeTree
PARTITION BY period
ORDER BY staff;

CREATE TABLE IF NOT EXISTS pingliu.staff_years
(
    period String,
    staff String,
    street String,
    site String,
    tier LowCardinality(String),
    window String,
    department String,
    pool LowCardinality(String),
    pioneer UInt8,
    quarters UInt32,
    stars UInt32,
    star_quarters UInt32,
    lowest_star UInt8,
    veto UInt32,
    review Nullable(Decimal(18, 8)),
    score Nullable(Decimal(18, 8)),
    eligible UInt8,
    rank UInt32,
    pool_size UInt32,
    places UInt32,
    candidate UInt8,
    proposed UInt8,
    proof String
)
ENGINE = MergeTree
PARTITION BY period
ORDER BY staff;

CREATE TABLE IF NOT EXISTS pingliu.site_months
(
    period String,
    site String,
    street String,
    tier LowCardinality(String),
    services UInt32,
    ratings UInt32,
    good_ratings UInt32,
    bad_ratings UInt32,
    rated_services UInt32,
    average Nullable(Decimal(18, 8)),
    participation Nullable(Decimal(18, 8)),
    opening Nullable(Decimal(18, 8)),
    online Nullable(Decimal(18, 8)),
    late_uploads Nullable(Decimal(18, 8)),
    rating_points Decimal(18, 8),
    participation_points Decimal(18, 8),
    closing_points Decimal(18, 8),
    efficiency_points Decimal(18, 8),
    opening_points Decimal(18, 8),
    quality_points Decimal(18, 8),
    patrol_points Decimal(18, 8),
    bonus_points Decimal(18, 8),
    score Decimal(18, 8),
    ranked UInt8,
    rank UInt32,
    rank_in_street UInt32,
    previous_rank UInt32,
    overdue UInt32,
    losses Array(Tuple(rule String, points Decimal(18, 8))),
    proof String
)
ENGINE = MergeTree
PARTITION BY period
ORDER BY site;

CREATE TABLE IF NOT EXISTS pingliu.site_quarters
(
    period String,
    site String,
    street String,
    tier LowCardinality(String),
    months UInt32,
    inspection Nullable(Decimal(18, 8)),
    overdue UInt32,
    own Nullable(Decimal(18, 8)),
    communities UInt32,
    score Nullable(Decimal(18, 8)),
    band LowCardinality(String),
    ranked UInt8,
    rank UInt32,
    rank_in_street UInt32,
    previous_rank UInt32,
    last UInt8,
    interview LowCardinality(String),
    proof String
)
ENGINE = MergeTree
PARTITION BY period
ORDER BY site;

CREATE TABLE IF NOT EXISTS pingliu.site_years
(
    period String,
    site String,
    street String,
    tier LowCardinality(String),
    quarters UInt32,
    adjustment Decimal(18, 8),
    score Nullable(Decimal(18, 8)),
    ranked UInt8,
    rank UInt32,
    rank_in_street UInt32,
    previous_rank UInt32,
    losses Array(Tuple(rule String, points Decimal(18, 8))),
    proof String
)
ENGINE = MergeTree
PARTITION BY period
ORDER BY site;

-- Counts of a month by everything that results can be cut by; sums of them are right for any cut.
CREATE TABLE IF NOT EXISTS pingliu.month_measures
(
    period String,
    street LowCardinality(String),
    site LowCardinality(String),
    window LowCardinality(String),
    staff LowCardinality(String),
    item LowCardinality(String),
    services UInt32,
    promised UInt32,
    promised_on_time UInt32,
    timed UInt32,
    timed_in_standard UInt32,
    waited UInt32,
    waited_in_time UInt32,
    rated_services UInt32,
    unresolved UInt32,
    ratings UInt32,
    very_satisfied UInt32,
    satisfied UInt32,
    basically_satisfied UInt32,
    dissatisfied UInt32,
    very_dissatisfied UInt32,
    points Int64,
    good_ratings UInt32,
    defaults UInt32,
    voided UInt32,
    unmatched UInt32,
    not_theirs UInt32,
    proof String
)
ENGINE = MergeTree
PARTITION BY period
ORDER BY (site, window, staff, item);

-- Seals (封账), in the order of number: each chained to the one before by its hash (previous, '' for the first).
-- inputs: what names the rules, registry and workdays that each month was judged by. seal: SHA-256 over all other columns.
CREATE TABLE IF NOT EXISTS pingliu.sealed_periods
(
    number UInt32,
    period String,
    sealed_at DateTime64(3, 'Asia/Shanghai'),
    rules_sha256 String,
    inputs Array(Tuple(month String, name String, sha256 String)),
    positions Array(Tuple(topic String, partition Int32, next_offset Int64)),
    results_sha256 String,
    facts_sha256 String,
    corrections_sha256 String,
    previous String,
    seal String
)
ENGINE = MergeTree
ORDER BY number;

-- The canonical export of a sealed period, a row of a result table each. score: '' where there is none.
CREATE TABLE IF NOT EXISTS pingliu.sealed_results
(
    period String,
    result LowCardinality(String),
    subject String,
    line UInt32,
    street LowCardinality(String),
    score String,
    row String
)
ENGINE = MergeTree
PARTITION BY period
ORDER BY (result, subject, line);

-- Texts that seals name by their SHA-256: rule sets, registries, workdays.
CREATE TABLE IF NOT EXISTS pingliu.sealed_inputs
(
    sha256 String,
    content String
)
ENGINE = ReplacingMergeTree
ORDER BY sha256;

-- What events looked like when they were first covered by a seal: for each stretch of offsets the events' offsets, and the
-- first 8 bytes of the SHA-256 of each.
CREATE TABLE IF NOT EXISTS pingliu.sealed_facts
(
    period String,
    topic String,
    partition Int32,
    stretch Int64,
    offsets Array(Int64),
    hashes Array(UInt64)
)
ENGINE = MergeTree
PARTITION BY period
ORDER BY (topic, partition, stretch);

-- 更正: what of a sealed period is otherwise by what came to be known later. bulletin: the period with which it was sealed.
-- before, after: score, band, rank, star and the like as JSON; cause: the later events and the lines that differ, in words;
-- sources, ids: what names these events.
CREATE TABLE IF NOT EXISTS pingliu.sealed_corrections
(
    bulletin String,
    period String,
    scope LowCardinality(String),
    subject String,
    street LowCardinality(String),
    before String,
    after String,
    cause String,
    sources Array(String),
    ids Array(String)
)
ENGINE = MergeTree
PARTITION BY bulletin
ORDER BY (period, scope, subject);

-- month_measures with what its windows, items and staff belong to, for any cut.
CREATE OR REPLACE VIEW pingliu.measures AS
SELECT
    m.* EXCEPT (proof), if(i.item_department != '', i.item_department, w.window_department) AS department, w.pool AS pool,
    s.tier AS tier, p.pioneer AS pioneer
FROM pingliu.month_measures AS m
LEFT JOIN (SELECT window AS of_window, department AS window_department, pool FROM pingliu.windows) AS w ON m.window = w.of_window
LEFT JOIN (SELECT site AS of_site, tier FROM pingliu.sites) AS s ON m.site = s.of_site
LEFT JOIN (SELECT item AS of_item, department AS item_department FROM pingliu.items) AS i ON m.item = i.of_item
LEFT JOIN (SELECT period AS of_period, staff AS of_staff, pioneer FROM pingliu.staff_months) AS p
    ON m.period = p.of_period AND m.staff = p.of_staff;

-- 督办, one by one: how long open, whether late, and whose. days: open until closed, or until now.
CREATE OR REPLACE VIEW pingliu.supervision_matters AS
SELECT
    o.matter AS matter, o.time AS opened_at, o.due AS due, c.time AS closed_at,
    multiIf(c.time IS NULL AND toDate(now('Asia/Shanghai')) > o.due, 'overdue', c.time IS NULL, 'open', toDate(c.time) > o.due, 'closed_late', 'closed') AS state,
    toInt32(dateDiff('day', toDate(o.time), toDate(ifNull(c.time, now('Asia/Shanghai'))))) AS days,
    o.street AS street, o.site AS site
FROM
(
    SELECT
        JSONExtractString(data, 'matter') AS matter, fromUnixTimestamp64Milli(time_ms, 'Asia/Shanghai') AS time,
        toDate(JSONExtractString(data, 'due')) AS due, street, site
    FROM pingliu.facts
    WHERE type = 'supervision.opened'
    ORDER BY matter, position
    LIMIT 1 BY matter
) AS o
LEFT JOIN
(
    SELECT
        JSONExtractString(data, 'matter') AS matter,
        toNullable(fromUnixTimestamp64Milli(argMin(time_ms, position), 'Asia/Shanghai')) AS time
    FROM pingliu.facts
    WHERE type = 'supervision.closed'
    GROUP BY matter
) AS c ON o.matter = c.matter;

-- 办不成事, one by one: services that ended unresolved, and the service of the same case, or else of the same ticket, by
-- which they were done later. days: until then, or until now.
CREATE OR REPLACE VIEW pingliu.unresolved_services AS
SELECT
    u.service AS service, u.`case` AS `case`, u.item AS item, u.day AS day,
    if(d.last_ms > u.time_ms, fromUnixTimestamp64Milli(d.last_ms, 'Asia/Shanghai'), NULL) AS done_at,
    if(done_at IS NULL, 'open', 'done') AS state,
    toInt32(dateDiff('day', u.day, toDate(ifNull(done_at, now64(3, 'Asia/Shanghai'))))) AS days,
    u.street AS street, u.site AS site, u.window AS window, u.staff AS staff, i.department AS department
FROM
(
    SELECT
        service, case_id AS `case`, item, time_ms, toDate(day_number) AS day, street, site, window, staff,
        if(case_id != '', concat('case ', case_id), concat('ticket ', ticket)) AS thread
    FROM pingliu.facts
    WHERE type = 'service.completed' AND outcome = 'unresolved'
    ORDER BY service, position
    LIMIT 1 BY service
) AS u
LEFT JOIN
(
    SELECT if(case_id != '', concat('case ', case_id), concat('ticket ', ticket)) AS thread, max(time_ms) AS last_ms
    FROM pingliu.facts
    WHERE type = 'service.completed' AND outcome = 'done' AND (case_id != '' OR ticket != '')
    GROUP BY thread
) AS d ON u.thread = d.thread
LEFT JOIN pingliu.items AS i ON u.item = i.item;
