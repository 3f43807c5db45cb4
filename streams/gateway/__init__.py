"""The gateway: how terminals and queue systems hand in events over HTTP (docs/gateway.md)."""
