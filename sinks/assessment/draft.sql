-- Lines before and after they are priced. A draft's points are an exact ratio, num/den; rule_no and position order the lines
-- of a block.

CREATE TABLE scratch.draft
(
    scope String, subject String, block_no UInt8, block String, rule_no UInt8, rule String, position UInt64,
    num Decimal(38, 8), den Decimal(38, 0), count UInt64, of UInt64, detail String, events Array(Tuple(String, String))
)
ENGINE = MergeTree ORDER BY (scope, subject);

CREATE TABLE scratch.priced
(
    scope String, subject String, block_no UInt8, block String, rule_no UInt8, rule String, position UInt64,
    points Decimal(18, 8), count UInt64, of UInt64, detail String, events Array(Tuple(String, String))
)
ENGINE = MergeTree ORDER BY (scope, subject);
