"""The only file that sees every part: the application, the command line and the worker's door."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING
from uuid import UUID

import tenants.hooks
from core.app import create_app
from core.catalog import discover
from core.cli import build_cli
from core.config import load_config
from core.jobs import run_delivery as run_one
from core.work import run_job as run_one_job

if TYPE_CHECKING:
    from flask import Flask


def create() -> Flask:
    """The application that the environment describes."""
    gc.disable()  # what is made here stays to the end of the process: never look through it for garbage
    try:
        return create_app(load_config(os.environ), [tenants.hooks, *discover()])
    finally:
        gc.freeze()
        gc.enable()


cli = build_cli(create)


def run_delivery(tenant_id: str, delivery_id: str) -> None:
    """What an RQ job calls, with a row's key and nothing else."""
    app = _worker_app()
    with app.app_context():
        run_one(UUID(tenant_id), UUID(delivery_id))


def run_job(tenant_id: str, run_id: str) -> None:
    """The same for a run of a background job."""
    app = _worker_app()
    with app.app_context():
        run_one_job(UUID(tenant_id), UUID(run_id))


_worker: list[Flask] = []


def _worker_app() -> Flask:
    if not _worker:
        _worker.append(create())
    return _worker[0]


def __getattr__(name: str) -> Flask:
    # gunicorn asks for wsgi:app; importing this file for the command line must not build one.
    if name == "app":
        return create()
    raise AttributeError(name)
