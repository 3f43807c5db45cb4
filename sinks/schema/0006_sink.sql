-- What the sink writes of itself. Portable down to ClickHouse 18.16, as 0001.

-- One row per partition of the log: how far it is stored. All records below next_offset are in the tables above; where
-- they began, first_offset, was the first that this ClickHouse got. delivered: how many offsets were ever inserted, those
-- that were delivered again included; it only grows, so the row of the largest stays.
CREATE TABLE IF NOT EXISTS pingliu.sink_positions
(
    topic String,
    partition Int32,
    first_offset Int64,
    next_offset Int64,
    delivered UInt64,
    updated_ms Int64
)
ENGINE = ReplacingMergeTree(delivered)
ORDER BY (topic, partition);

-- One row per row that ClickHouse refused, or message of ours that can't be read: what it held, and why it is here.
-- The row itself is its identity, so one that is refused again replaces itself. topic is '' where it isn't known.
CREATE TABLE IF NOT EXISTS pingliu.dead_letters
(
    table_name String,
    topic String,
    partition Int32,
    row String,
    code Int32,
    message String,
    received_ms Int64
)
ENGINE = ReplacingMergeTree
ORDER BY (table_name, row);
