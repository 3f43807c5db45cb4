-- Requires ClickHouse 24.8.
-- What was noted must survive a power cut, as in 0005. And what was erased shall be gone from the disk soon: parts that
-- were replaced are removed after seconds, not minutes. The parts in their place are synced by then.

ALTER TABLE pingliu.erasures MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

ALTER TABLE pingliu.erasing MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

ALTER TABLE pingliu.event_log MODIFY SETTING old_parts_lifetime = 1, cleanup_delay_period = 1, cleanup_delay_period_random_add = 0, max_cleanup_delay_period = 2;

ALTER TABLE pingliu.rejected_log MODIFY SETTING old_parts_lifetime = 1, cleanup_delay_period = 1, cleanup_delay_period_random_add = 0, max_cleanup_delay_period = 2;

ALTER TABLE pingliu.dead_letters MODIFY SETTING old_parts_lifetime = 1, cleanup_delay_period = 1, cleanup_delay_period_random_add = 0, max_cleanup_delay_period = 2;
