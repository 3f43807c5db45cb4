-- What was erased, and what is being erased. Portable down to ClickHouse 18.16, as 0001. Nothing in it is personal.

-- One row per event or reject that was erased, and per date before which all was. before, after: the event's fingerprints
-- (as in sealed_facts), 0 for a reject, which has no source and no id. before_ms: what was older was erased (topic is ''
-- where the row says no more than this), 0 where a person was forgotten. mac: with the district's secret, over all others.
CREATE TABLE IF NOT EXISTS pingliu.erasures
(
    topic String,
    partition Int32,
    offset Int64,
    source String,
    id String,
    before UInt64,
    after UInt64,
    before_ms Int64,
    erased_ms Int64,
    mac String
)
ENGINE = MergeTree
ORDER BY (topic, partition, offset, erased_ms);

-- Events that are being erased, with what stays of their data. Empty but while it lasts; what is left in it after a crash
-- is finished first by the next.
CREATE TABLE IF NOT EXISTS pingliu.erasing
(
    source String,
    id String,
    data String,
    before_ms Int64
)
ENGINE = MergeTree
ORDER BY (source, id);
