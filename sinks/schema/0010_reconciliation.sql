-- Requires ClickHouse 24.8.
-- As 0004 has it, but live and facts are of one type on every version.

CREATE OR REPLACE VIEW pingliu.reconciliation AS
SELECT
    if(l.street != '', l.street, f.street) AS street,
    if(l.street != '', l.day, f.day) AS day,
    replaceOne(if(l.street != '', l.measure, f.measure), '_ms', '_seconds_sum') AS measure,
    toFloat64(l.live) / if(endsWith(measure, '_seconds_sum'), 1000, 1) AS live,
    toFloat64(f.facts) / if(endsWith(measure, '_seconds_sum'), 1000, 1) AS facts
FROM pingliu.street_day_live AS l
FULL OUTER JOIN pingliu.street_day_facts AS f ON l.street = f.street AND l.day = f.day AND l.measure = f.measure
WHERE l.live != f.facts;
