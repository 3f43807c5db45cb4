"""Where it rests: facts, live buckets and rejects in ClickHouse, and what people read of them. Stands on streams."""
