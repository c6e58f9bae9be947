"""What a server is made of, in one typed place that handlers are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from graph_engine import Engine
    from graph_web.assets import Assets
    from graph_web.catalog import Fits
    from graph_web.hub import Hub
    from graph_web.inputs import InputPictures
    from graph_web.library import Library
    from graph_web.metrics import Metrics
    from graph_web.model_watch import ModelWatch
    from graph_web.outputs import Outputs
    from graph_web.routing import Route
    from graph_web.runs.prepare import Preparer
    from graph_web.runs.queue import Queue
    from graph_web.settings import Settings
    from graph_web.store.database import Database
    from graph_web.templates import Templates
    from graph_web.workers.base import Worker

__all__ = ["SERVICES", "Services", "services_of"]


@dataclass
class Services:
    """The parts of one server; `engine` checks and plans, and never runs anything.

    notices: what a person should be told, such as a damaged database that was moved aside.
    """

    settings: Settings
    database: Database
    engine: Engine
    preparer: Preparer
    queue: Queue
    hub: Hub
    model_watch: ModelWatch
    library: Library
    templates: Templates
    inputs: InputPictures
    assets: Assets
    outputs: Outputs
    worker: Worker
    metrics: Metrics
    fits: Fits
    routes: list[Route]
    notices: list[str]


SERVICES: web.AppKey[Services] = web.AppKey("services", Services)


def services_of(app: web.Application) -> Services:
    """The services of an application."""
    return app[SERVICES]
