-- Points to 8 digits, half away from zero. The drafts are done with.

INSERT INTO scratch.priced
SELECT
    scope, subject, block_no, block, rule_no, rule, position,
    CAST(round(divideDecimal(toDecimal256(num, 8), toDecimal256(den, 0), 12), 8) AS Decimal(18, 8)) AS points,
    count, of, detail, events
FROM scratch.draft;

TRUNCATE TABLE scratch.draft;
