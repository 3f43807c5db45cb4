"""Rules and boards. `deploy.grafana` is imported here, before the SDK, for it takes care of the warnings of that."""

import deploy.grafana  # noqa: F401
