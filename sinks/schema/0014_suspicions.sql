-- Requires ClickHouse 24.8.
-- Notices as auditors read them. What was inserted must survive a power cut here as in 0005.

ALTER TABLE pingliu.notice_log MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

CREATE OR REPLACE VIEW pingliu.notices AS
SELECT
    id,
    type,
    fromUnixTimestamp64Milli(time_ms, 'Asia/Shanghai') AS time,
    street,
    site,
    window,
    rating,
    data
FROM pingliu.notice_log FINAL;

-- 刷评、诱导疑点: one row per flag. A month's has no rating of its own, and effective and voided are NULL; its flagged_at is
-- the month's end. ratings and of_services are counts; evidence names the first ratings.
CREATE OR REPLACE VIEW pingliu.suspicions AS
SELECT
    n.rule AS rule,
    transform(
        n.rule,
        ['short_service', 'terminal_burst', 'repeat_rater', 'unserved_window', 'off_hours', 'uniform_month', 'silent_month'],
        ['办理时间过短即评价', '同一终端短时集中评价', '同一评价人当日反复评价同一窗口', '窗口无办件却有评价', '非工作时间评价',
         '全月均为“非常满意”且即时按键', '主动评价率过高且无文字评价'],
        n.rule
    ) AS meaning,
    n.rating AS rating,
    n.street AS street,
    n.site AS site,
    n.window AS window,
    n.staff AS staff,
    n.source AS source,
    n.ratings AS ratings,
    n.of_services AS of_services,
    n.evidence AS evidence,
    n.flagged_at AS flagged_at,
    if(n.rating = '', NULL, r.effective) AS effective,
    if(n.rating = '', NULL, v.voided) AS voided
FROM
(
    SELECT
        rating, street, site, window, time AS flagged_at,
        JSONExtractString(data, 'rule') AS rule,
        JSONExtractString(data, 'staff') AS staff,
        JSONExtractString(data, 'source') AS source,
        JSONExtractUInt(data, 'count') AS ratings,
        JSONExtractUInt(data, 'of') AS of_services,
        JSONExtract(data, 'evidence', 'Array(String)') AS evidence
    FROM pingliu.notices
    WHERE type = 'rating.flagged'
) AS n
LEFT JOIN (SELECT rating, toUInt8(effective) AS effective FROM pingliu.rating_facts) AS r ON n.rating = r.rating
LEFT JOIN (SELECT rating, toUInt8(voided) AS voided FROM pingliu.rating_voids) AS v ON n.rating = v.rating;
