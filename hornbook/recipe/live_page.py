"""The page of a run that is going on, on loopback: `hornbook run --watch`."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from hornbook.base.errors import HornbookError
from hornbook.base.http import is_here
from hornbook.recipe.artifacts import ArtifactStore
from hornbook.recipe.recipe import Recipe
from hornbook.recipe.summary import summarise

HOST = "127.0.0.1"


@contextmanager
def live_page(recipe: Recipe, store: ArtifactStore, port: int) -> Iterator[str]:
    """Serve the page from a thread while the block runs; yields its address. Port 0 takes a free one.

    The page is made when it is asked for, from the stages finished by then, and asks again every few seconds until all
    are. Raises HornbookError for a port in use.
    """
    from hornbook.report.page import render_report

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host = urlsplit(f"//{self.headers.get('Host', '')}").hostname or ""
            if self.path != "/" or not is_here(host):  # a page elsewhere may have made its name point here
                self.send_error(404)
                return
            try:
                page = render_report(store.run, summarise(recipe, store)).encode()
            except (OSError, HornbookError) as error:  # a stage's folder has just been replaced
                self.send_error(503, explain=str(error))
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None:
            """Requests are not printed among the run's lines."""

    try:
        server = ThreadingHTTPServer((HOST, port), Handler)
    except (OSError, OverflowError) as error:
        raise HornbookError(f"--watch: port {port} of {HOST} cannot be used ({error}); choose another") from None
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
