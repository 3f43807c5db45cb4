"""ClickHouse's native protocol in front of the engine: a modern server for tests, where none can be had."""
