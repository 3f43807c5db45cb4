-- What supervisors must hear of (contract §5). Portable down to ClickHouse 18.16, as 0001.

-- One row per notice; said again, it is the same. rating: '' where it is about none. data: the notice's own, as JSON.
CREATE TABLE IF NOT EXISTS pingliu.notice_log
(
    id String,
    type LowCardinality(String),
    time_ms Int64,
    street LowCardinality(String),
    site LowCardinality(String),
    window LowCardinality(String),
    rating String,
    data String
)
ENGINE = ReplacingMergeTree
ORDER BY id;
