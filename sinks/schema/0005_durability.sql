-- An insert that was acknowledged must survive a power cut, for its offsets are committed next: parts are synced to disk.
-- (Newer servers only; the base tables stay portable.)

ALTER TABLE pingliu.event_log MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

ALTER TABLE pingliu.live_log MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

ALTER TABLE pingliu.rejected_log MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
