"""The context menus of the Library: of a folder and of a row."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QCoreApplication, QPoint, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget

from engine.records import Folder, Sound
from gui.pages.library.folders import Place
from gui.pages.library.query import QueryBox
from gui.pages.library.question import sound_part


class FolderActs(Protocol):
    """What the menu of a folder asks for."""

    def scan(self) -> None: ...


def folder_menu(parent: QWidget, place: Place, scanning: FolderActs, remove: Callable[[Folder], object], at: QPoint) -> QMenu:
    menu = QMenu(parent)
    if place.path is not None:
        path = place.path
        menu.addAction(_tr("Show in folder"), lambda: show_in_folder(path))
    menu.addAction(_tr("Look through the folders again"), scanning.scan)
    if place.folder is not None and place.under is None:
        folder = place.folder
        menu.addSeparator()
        menu.addAction(_tr("Remove from the library…"), lambda: remove(folder))
    return _popped(menu, at)


def row_menu(parent: QWidget, sound: Sound, query: QueryBox, at: QPoint) -> QMenu:
    menu = QMenu(parent)
    menu.addAction(_tr("Find similar"), lambda: query.set_like_sound(sound))
    menu.addAction(_tr("More like this"), lambda: query.add(sound_part(sound)))
    menu.addAction(_tr("Less like this"), lambda: query.add(sound_part(sound, -1.0)))
    menu.addSeparator()
    menu.addAction(_tr("Show in folder"), lambda: show_in_folder(sound.path.parent))
    menu.addAction(_tr("Copy path"), lambda: QGuiApplication.clipboard().setText(str(sound.path)))
    return _popped(menu, at)


def show_in_folder(path: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))


def _popped(menu: QMenu, at: QPoint) -> QMenu:
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.popup(at)
    return menu


def _tr(text: str) -> str:
    return QCoreApplication.translate("LibraryMenus", text)
