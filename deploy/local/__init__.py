"""A local stack for development and tests: a real Kafka and a real ClickHouse on loopback, without containers.

`python -m deploy.local` and make use it over `.local`, tests over folders of their own.
"""
