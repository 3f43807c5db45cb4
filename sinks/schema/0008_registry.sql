-- What assessment needs to know of the district, and by which rules it judged when. Portable down to ClickHouse 18.16.
-- The first four are written anew from the district's files at every start of the sink, as those of 0001 are.

CREATE TABLE IF NOT EXISTS pingliu.sites
(
    site String,
    street String,
    name String,
    tier String
)
ENGINE = MergeTree
ORDER BY site;

CREATE TABLE IF NOT EXISTS pingliu.windows
(
    window String,
    site String,
    name String,
    kind String,
    pool String,
    department String
)
ENGINE = MergeTree
ORDER BY window;

-- promise_days: workdays, 0 for 即办件. std_ms: the standard time of handling, milliseconds.
CREATE TABLE IF NOT EXISTS pingliu.items
(
    item String,
    name String,
    department String,
    tier String,
    promise_days Int32,
    std_ms Int64,
    everywhere UInt8
)
ENGINE = MergeTree
ORDER BY item;

-- Who is at which window. valid_from, valid_to: first and last day, days since 1970-01-01; an open end is 2147483647.
CREATE TABLE IF NOT EXISTS pingliu.posts
(
    staff String,
    window String,
    pool String,
    employment String,
    pioneer UInt8,
    lead UInt8,
    valid_from Int32,
    valid_to Int32
)
ENGINE = MergeTree
ORDER BY (staff, window, valid_from);

-- One row per published rule set; rows are only ever added. sha256: of canonical, its values as JSON; toml: the file as it
-- was published. effective_from: first day it judges, days since 1970-01-01.
CREATE TABLE IF NOT EXISTS pingliu.rule_sets
(
    sha256 String,
    name String,
    effective_from Int32,
    published_ms Int64,
    canonical String,
    toml String
)
ENGINE = MergeTree
ORDER BY (effective_from, published_ms);

-- One row per time that a reference table was written anew: what it held then, as JSON. The last one must be what it holds.
CREATE TABLE IF NOT EXISTS pingliu.reference_log
(
    table_name String,
    sha256 String,
    content String,
    written_ms Int64
)
ENGINE = MergeTree
ORDER BY (table_name, written_ms);
