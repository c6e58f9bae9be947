"""The server as an aiohttp application: what it is made of, what it answers to, how it starts and stops."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

from aiohttp import web

from graph_engine import Engine
from graph_web.api import assets as asset_routes
from graph_web.api import catalog, events, inputs, queue, runs, system, templates, trash, workflows
from graph_web.api import outputs as output_routes
from graph_web.assets import Assets
from graph_web.catalog import Fits
from graph_web.hub import Hub
from graph_web.inputs import InputPictures
from graph_web.library import Library
from graph_web.metrics import Metrics
from graph_web.model_watch import ModelWatch
from graph_web.outputs import Outputs
from graph_web.routing import Route, add_routes, routes_of
from graph_web.runs.prepare import Preparer
from graph_web.runs.queue import Queue
from graph_web.security import protect
from graph_web.services import SERVICES, Services
from graph_web.settings import Settings
from graph_web.store.database import Database
from graph_web.store.lock import hold
from graph_web.templates import Templates
from graph_web.workers.base import Status, Worker, WorkerPlaces
from graph_web.workers.process import ProcessWorker
from graph_web.workers.runner import make_engine
from graph_web.workers.thread import ThreadWorker

__all__ = ["ROUTES", "make_app"]

ROUTES: list[Route] = routes_of(
    runs, queue, events, workflows, templates, inputs, asset_routes, output_routes, trash, catalog, system
)
STATIC = Path(__file__).parent / "static"


def make_app(settings: Settings) -> web.Application:
    """The application; everything starts with it and stops with it."""
    app = web.Application(client_max_size=settings.limits.upload_bytes)
    add_routes(app, ROUTES)
    app.router.add_get("/", _page, name="page")
    app.router.add_static("/static", STATIC, name="static", follow_symlinks=False)
    protect(app, settings, ROUTES)

    async def life(app: web.Application) -> AsyncIterator[None]:
        async with _running(settings) as services:
            app[SERVICES] = services
            yield

    app.cleanup_ctx.append(life)
    return app


@contextlib.asynccontextmanager
async def _running(settings: Settings) -> AsyncIterator[Services]:
    """The services of a server from start to stop; the data folder is held for as long."""
    with hold(settings.data), contextlib.closing(await asyncio.to_thread(Database, settings.data)) as database:
        services = await asyncio.to_thread(_assemble, settings, database)
        await services.hub.start()
        await services.queue.start()
        watching = asyncio.create_task(services.model_watch.run())
        try:
            yield services
        finally:
            watching.cancel()
            await services.queue.close()


def _assemble(settings: Settings, database: Database) -> Services:
    for folder in (settings.workflows, settings.assets, settings.trash):
        folder.mkdir(parents=True, exist_ok=True)
    places = WorkerPlaces(
        str(settings.outputs),
        str(settings.cache),
        [str(settings.assets), str(settings.workflows), str(settings.templates)],
        str(settings.workflows),
        settings.device,
        settings.dtype,
        list(settings.packs),
        str(settings.templates),
        [str(folder) for folder in settings.models],
    )
    engine = make_engine(places, _likely_device(settings))
    hub = Hub(database, settings.limits.listeners)
    worker = _worker(settings, places, engine)
    metrics = Metrics()
    library = Library(settings.workflows, settings.trash)
    queue = Queue(settings, database, hub, worker, metrics)
    return Services(
        settings=settings,
        database=database,
        engine=engine,
        preparer=Preparer(engine, library, places.unsaved),
        queue=queue,
        hub=hub,
        model_watch=ModelWatch(engine, hub, partial(queue.recorder.event, "")),
        library=library,
        templates=Templates(settings.templates, engine.folders),
        inputs=InputPictures(
            (settings.workflows, settings.templates), (settings.assets, settings.workflows, settings.templates)
        ),
        assets=Assets(settings.assets, settings.trash),
        outputs=Outputs(settings.outputs, settings.trash, settings.cache / "thumbnails", database),
        worker=worker,
        metrics=metrics,
        fits=Fits(engine.registry),
        routes=ROUTES,
        notices=database.notices,
    )


def _worker(settings: Settings, places: WorkerPlaces, engine: Engine) -> Worker:
    if settings.worker == "thread":
        return ThreadWorker(engine, places, settings.parallel)

    def on_ready(status: Status) -> None:
        engine.device, engine.dtype = status.device, status.dtype

    return ProcessWorker(places, settings.parallel, on_ready)


def _likely_device(settings: Settings) -> str:
    """The device that plans are made for until the worker has said which it has: asking torch would load it here."""
    if settings.worker == "thread" or settings.device != "auto":
        return settings.device
    return "cuda" if Path("/dev/nvidiactl").exists() else "auto"


async def _page(request: web.Request) -> web.StreamResponse:
    return web.FileResponse(STATIC / "index.html")
