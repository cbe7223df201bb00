"""The microphone picker: what there is, looked for off the GUI thread, and again while there is nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSignalBlocker, QSize, Signal
from PySide6.QtWidgets import QWidget

from engine.errors import DeviceError, EarmarkError
from engine.tasks import Ticket
from gui.context import Context
from gui.widgets.controls import Select

if TYPE_CHECKING:
    from gui.pages.live.session import LiveSession


NARROW_PX, WIDE_PX = 140, 284


class DevicePicker(Select):
    """found: the list is there (devices, error); empty where there is none.

    chosen: a name; it is in the settings by then.
    """

    found = Signal()
    chosen = Signal(str)

    def __init__(self, context: Context, session: LiveSession, parent: QWidget | None = None) -> None:
        super().__init__(context.theme, "", icon="microphone", parent=parent)
        self.setAccessibleName(self.tr("Microphone"))
        self.setMinimumWidth(NARROW_PX)
        self.setMaximumWidth(WIDE_PX)
        self._context, self._session = context, session
        self.devices: list[Any] = []
        self.error: EarmarkError | None = None
        self.looked = False
        self._why_none = ""
        self._busy = False
        self.activated.connect(self._chosen)
        self._show()

    def sizeHint(self) -> QSize:
        """With room for the rate; it gives way to the name alone where there is little."""
        return QSize(WIDE_PX, super().sizeHint().height())

    def look(self, rescan: bool = False) -> None:
        """Ask PortAudio. A rescan notices what was plugged in; it does nothing while a stream is open."""
        if self._busy:
            return
        self._busy = True

        def work(ticket: Ticket) -> tuple[list[Any], str]:
            devices = list(self._session.find_inputs(rescan))
            return devices, "" if devices else self._session.why_none()

        self._context.jobs.run(self, work, lane="sound", done=self._arrived, failed=self._failed)

    @property
    def none_found(self) -> bool:
        return self.looked and not self.devices

    def _arrived(self, found: tuple[list[Any], str]) -> None:
        devices, self._why_none = found
        self.error = None
        self._take(devices)

    def _failed(self, error: EarmarkError) -> None:
        self.error = error
        self._take([])

    def _take(self, devices: list[Any]) -> None:
        self.devices, self.looked, self._busy = devices, True, False
        self._show()
        self.found.emit()

    def _show(self) -> None:
        wanted = self._context.app.settings.value.input_device
        with QSignalBlocker(self):
            self.clear()
            for device in self.devices:
                self.add(device.title, device.name, self.tr("{} kHz · mono").format(f"{device.rate_hz / 1000:g}"))
            if not self.devices:
                self.add(self.tr("No microphone") if self.looked else self.tr("Looking for microphones…"))
            names = [device.name for device in self.devices]
            if wanted in names:
                self.setCurrentIndex(names.index(wanted))
        self.icon_name = "microphone-slash" if self.none_found else "microphone"
        self.set_invalid(self.none_found)
        self.updateGeometry()

    def detail(self) -> str:
        """The sound system's own words, for Details."""
        if isinstance(self.error, DeviceError) and self.error.detail:
            return self.error.detail
        return str(self.error) if self.error else self._why_none

    def _chosen(self, index: int) -> None:
        if self.devices:
            name = self.devices[index].name
            if name != self._context.app.settings.value.input_device:
                if self._context.keep(input_device=name):
                    self.chosen.emit(name)
                else:
                    self._show()
