"""What Prometheus reads at /metrics."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

__all__ = ["CONTENT_TYPE_LATEST", "Metrics"]


class Metrics:
    """The figures of one server, in a registry of its own, so that any number of servers live in one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.waiting = Gauge("graph_engine_runs_waiting", "Runs that wait.", registry=self._registry)
        self.running = Gauge("graph_engine_runs_running", "Runs that a worker has.", registry=self._registry)
        self.listeners = Gauge("graph_engine_listeners", "Clients that listen to events.", registry=self._registry)
        self.ended = Counter("graph_engine_runs_ended", "Runs that ended.", ["state"], registry=self._registry)
        self.deaths = Counter("graph_engine_worker_deaths", "Worker processes that died.", registry=self._registry)
        buckets = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000)
        self.seconds = Histogram(
            "graph_engine_run_seconds",
            "Seconds that runs took in the worker.",
            buckets=buckets,
            registry=self._registry,
        )

    def text(self) -> bytes:
        """The figures in Prometheus' text format."""
        return generate_latest(self._registry)
