"""`python webengine.py URL WIDTH`: prints the document as Chromium's --dump-dom does, with Qt's Chromium (PySide6)."""

import os
import sys

os.environ.update(QT_QPA_PLATFORM="offscreen", QTWEBENGINE_DISABLE_SANDBOX="1")
os.environ["QTWEBENGINE_CHROMIUM_FLAGS"] = "--disable-gpu --no-first-run --disable-background-networking"

from PySide6.QtCore import QUrl
from PySide6.QtWebEngineCore import QWebEnginePage
from PySide6.QtWebEngineWidgets import QWebEngineView
from PySide6.QtWidgets import QApplication


class Page(QWebEnginePage):
    def javaScriptConsoleMessage(self, level, message, line, source):
        print(f"CONSOLE:{line} {message!r}", file=sys.stderr)


def main(url: str, width: int) -> None:
    application = QApplication(sys.argv[:1])
    view = QWebEngineView()
    page = Page(view)
    view.setPage(page)
    view.resize(width, 900)

    def finish(html: str) -> None:
        print(html)
        application.quit()

    page.loadFinished.connect(lambda _: page.runJavaScript("document.documentElement.outerHTML", finish))
    page.load(QUrl(url))
    view.show()
    application.exec()


main(sys.argv[1], int(sys.argv[2]))
