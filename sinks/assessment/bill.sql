-- The priced lines, numbered, as the bill of a period.

INSERT INTO scratch.bill_lines
SELECT
    (SELECT period FROM scratch.span) AS period, p.scope, p.subject, s.street,
    row_number() OVER (PARTITION BY p.scope, p.subject ORDER BY p.block_no, p.rule_no, p.position, p.rule, p.detail) AS line,
    p.block, p.rule, p.points, p.count, p.of, p.detail, p.events, ''
FROM scratch.priced AS p
LEFT JOIN scratch.subject_streets AS s ON p.subject = s.subject;
