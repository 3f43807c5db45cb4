-- Requires ClickHouse 24.8.
-- How far the sink is, and what part of what it inserted had been delivered before. What was inserted must survive a
-- power cut here as in 0005: offsets are committed next.

CREATE OR REPLACE VIEW pingliu.sink_progress AS
SELECT
    topic,
    partition,
    next_offset,
    p.delivered AS delivered,
    toInt64(p.delivered) - (next_offset - first_offset) AS repeated,
    if(p.delivered = 0, 0., repeated / p.delivered) AS duplicate_rate,
    fromUnixTimestamp64Milli(updated_ms, 'Asia/Shanghai') AS updated_at
FROM pingliu.sink_positions AS p FINAL;

ALTER TABLE pingliu.sink_positions MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

ALTER TABLE pingliu.dead_letters MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
