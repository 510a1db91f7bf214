"""``xinyong serve``: database, pages and worker in one process tree; Ctrl-C ends all of it."""

import os
import signal
import socket
import subprocess
import sys
import time

import click

from xinyong.operations import command


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=int)
@click.option("--workers", default=2, show_default=True, type=int, help="进程数 processes that answer requests")
def serve(host: str, port: int, workers: int) -> None:
    """启动平台。Starts the database if it is embedded, the pages and the background worker."""
    require_free(host, port)
    os.environ.setdefault("XINYONG_ORIGIN", f"http://{host}:{port}")
    command.with_database()
    from xinyong.operations.setup import prepare

    prepare()
    sys.exit(keep(host, port, workers))


def keep(host: str, port: int, workers: int) -> int:
    """Runs pages and worker until Ctrl-C; returns the exit code."""
    click.echo(f"✓ 信用平台已启动 / running:  http://{host}:{port}/   (工作台 office: http://{host}:{port}/office/)")
    click.echo("  按 Ctrl-C 停止 / Ctrl-C stops it.")
    sys.stdout.flush()
    return _run([_pages(host, port, workers), [sys.executable, "-m", "xinyong.config", "worker"]])


def _pages(host: str, port: int, workers: int) -> list[str]:
    return [
        sys.executable, "-m", "gunicorn", "xinyong.config.wsgi:application", "--bind", f"{host}:{port}",
        "--workers", str(workers), "--threads", "3", "--worker-class", "gthread", "--timeout", "60",
        "--max-requests", "20000", "--max-requests-jitter", "2000", "--log-level", "warning", "--no-control-socket",
    ]  # fmt: skip


def _run(commands: list[list[str]]) -> int:
    """Runs the children until one ends or a signal comes; then ends them all and waits for them."""
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    # Sessions of their own: the terminal's Ctrl-C reaches only us, and we end the children in order.
    children = [subprocess.Popen(one, start_new_session=True) for one in commands]
    try:
        while not stopping and all(child.poll() is None for child in children):
            time.sleep(0.2)
        return 0 if stopping else 1
    finally:
        for child in children:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 10
        for child in children:
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()


def require_free(host: str, port: int) -> None:
    """Ends with a sentence when the port is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            click.echo(
                f"✗ 端口 {port} 已被占用。换一个端口:make run PORT={port + 1}\n"
                f"  Port {port} is in use. Try another: make run PORT={port + 1}",
                err=True,
            )
            sys.exit(3)
