-- What the sink writes. Portable down to ClickHouse 18.16 (no DateTime64, codecs or TTL; times are epoch milliseconds).
-- Read the views of the later files instead: they deduplicate and speak of days and moments.

CREATE DATABASE IF NOT EXISTS pingliu;

-- One row per accepted event. The identity is the sort key; of several rows of one identity the one earliest in
-- (partition, offset) stays: precedence = 2^64 - 1 - (partition * 2^48 + offset). No partition key: an event's time may
-- differ between deliveries, and a row can only replace one in its own partition.
-- Columns after received_ms are fields of data, taken out for the views; '' or 0 where the event has none.
CREATE TABLE IF NOT EXISTS pingliu.event_log
(
    source String,
    id String,
    type LowCardinality(String),
    time_ms Int64,
    street LowCardinality(String),
    site LowCardinality(String),
    window LowCardinality(String),
    staff LowCardinality(String),
    data String,
    partition Int32,
    offset Int64,
    received_ms Int64,
    precedence UInt64,
    ticket String,
    service String,
    rating String,
    case_id String,
    item LowCardinality(String),
    kind LowCardinality(String),
    outcome LowCardinality(String),
    level LowCardinality(String),
    channel LowCardinality(String),
    round UInt8,
    promised_ms Int64,
    rater_hash String
)
ENGINE = ReplacingMergeTree(precedence)
ORDER BY (source, id);

-- One row per live bucket and version; the largest version (offset of the street the figures are true for) stays.
-- start: minutes since 1970-01-01 UTC, or days since 1970-01-01 of Asia/Shanghai, by grain.
CREATE TABLE IF NOT EXISTS pingliu.live_log
(
    grain LowCardinality(String),
    street LowCardinality(String),
    site LowCardinality(String),
    window LowCardinality(String),
    start Int64,
    version UInt64,
    tickets Int64,
    calls Int64,
    abandoned Int64,
    services Int64,
    ratings Int64,
    very_satisfied Int64,
    satisfied Int64,
    basically_satisfied Int64,
    dissatisfied Int64,
    very_dissatisfied Int64,
    points Int64,
    duplicates Int64,
    wait_ms Int64,
    wait_count Int64,
    handle_ms Int64,
    handle_count Int64,
    rectifications_opened Int64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (grain, street, window, site, start);

-- One row per refused message. raw has personal data masked; sealed holds the original bytes, encrypted.
CREATE TABLE IF NOT EXISTS pingliu.rejected_log
(
    topic LowCardinality(String),
    partition Int32,
    offset Int64,
    reason LowCardinality(String),
    detail String,
    path String,
    raw String,
    sealed String,
    received_ms Int64
)
ENGINE = ReplacingMergeTree
ORDER BY (topic, partition, offset);

-- What the figures are judged by, written anew from the district's files at every start of the sink.
CREATE TABLE IF NOT EXISTS pingliu.registry
(
    kind LowCardinality(String),
    code String,
    name String,
    parent String,
    department String
)
ENGINE = MergeTree
ORDER BY (kind, code);

CREATE TABLE IF NOT EXISTS pingliu.levels
(
    level String,
    name String,
    points Int64,
    good UInt8,
    bad UInt8
)
ENGINE = MergeTree
ORDER BY level;

-- ordinal: how many workdays there were up to and with the day. day: days since 1970-01-01 of Asia/Shanghai.
CREATE TABLE IF NOT EXISTS pingliu.calendar
(
    day Int32,
    workday UInt8,
    ordinal Int32
)
ENGINE = MergeTree
ORDER BY day;

CREATE TABLE IF NOT EXISTS pingliu.limits
(
    name String,
    value Int64
)
ENGINE = MergeTree
ORDER BY name;
