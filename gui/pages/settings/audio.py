"""Audio: which microphone, which loudspeaker, how loud."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QHBoxLayout

from engine.errors import EarmarkError
from engine.records import Audio
from engine.tasks import Ticket
from gui.context import Context
from gui.pages.settings.section import Section
from gui.widgets.controls import Button, Select, Slider, Text

if TYPE_CHECKING:
    from engine.audio.devices import Device

TEST_SOUND = "church bell"


class AudioSection(Section):
    def __init__(self, context: Context) -> None:
        super().__init__(context)
        panel = self.panel(self.tr("Devices"))
        again = Button(self.theme, self.tr("Look again"), "arrows-clockwise", small=True)
        again.clicked.connect(lambda: self._look(rescan=True))
        panel.header.addWidget(again)
        self.input = Select(self.theme, self.tr("Microphone"), icon="microphone")
        self.output = Select(self.theme, self.tr("Sound output"), icon="speaker-high")
        for box in (self.input, self.output):
            box.setFixedWidth(420)
            box.add(self.tr("Looking…"), "")
            box.setEnabled(False)  # until it is known what there is
        self._input_why = self.row(panel, self.tr("Microphone"), self.input, " ")
        self._output_why = self.row(panel, self.tr("Output"), self.output, " ")
        self.input.currentIndexChanged.connect(lambda _: self.change(input_device=str(self.input.currentData() or "")))
        self.output.currentIndexChanged.connect(
            lambda _: self.change(output_device=str(self.output.currentData() or "")))
        line = QHBoxLayout()
        line.setSpacing(12)
        self.volume = Slider(self.tr("Volume"), -40, 0, round(context.audition.volume_db))
        self.volume.setFixedWidth(210)
        self._words = Text(self.theme, "", "body", "text2")
        self._words.setFixedWidth(56)
        self.test = Button(self.theme, self.tr("Play a test sound"), "play")
        self.test.clicked.connect(self._test)
        for widget in (self.volume, self._words, self.test):
            line.addWidget(widget)
        self._test_why = self.row(panel, self.tr("Volume"), line)
        self.volume.valueChanged.connect(self._volume)
        self._volume(self.volume.value())
        context.audition.changed.connect(self._heard)
        self.column.addStretch(1)

    def refresh(self) -> None:
        self.volume.setValue(round(self.context.audition.volume_db))
        self._look(rescan=False)

    def _look(self, rescan: bool) -> None:
        def work(ticket: Ticket) -> tuple[list[Device], list[Device]]:
            from engine.audio import devices

            return devices.inputs(rescan=rescan), devices.outputs()

        self.jobs.run(self, work, lane="sound", done=self._found, failed=self._not_found)

    def _found(self, found: tuple[list[Device], list[Device]]) -> None:
        self._fill(self.input, self._input_why, found[0], self.tr("No microphone was found. Plug one in, then look again."))
        self._fill(self.output, self._output_why, found[1], self.tr("No loudspeaker was found. Everything but playing works."))

    def _not_found(self, error: EarmarkError) -> None:
        for box, why in ((self.input, self._input_why), (self.output, self._output_why)):
            self._fill(box, why, None, str(error))

    def _fill(self, box: Select, why: Text, devices: list[Device] | None, none: str) -> None:
        """Show the choice of a device. devices: None where it could not be found out. none: said where there is none."""
        settings = self.app.settings.value
        chosen = settings.input_device if box is self.input else settings.output_device
        with QSignalBlocker(box):
            box.clear()
            stands_for = next((device.behind or device.title for device in devices or () if device.default), "")
            box.add(self.tr("System default"), "", "" if stands_for == "System default" else stands_for)
            for device in devices or ():
                box.add(device.title, device.name, self.tr("{rate} kHz · {channels} ch").format(
                    rate=f"{device.rate_hz / 1000:g}", channels=device.channels))
            if chosen and box.findData(chosen) < 0:
                box.add(chosen if devices is None else self.tr("{} (not there now)").format(chosen), chosen)
            box.setCurrentIndex(max(0, box.findData(chosen)))
        box.setEnabled(bool(devices))
        why.setText("" if devices else none)
        why.setVisible(not devices)
        why.set_role("text3" if devices else "warning")

    def _volume(self, value: int) -> None:
        self._words.setText(f"{value} dB".replace("-", "−"))
        if value != round(self.context.audition.volume_db):
            self.context.audition.set_volume_db(float(value))

    def _test(self) -> None:
        def work(ticket: Ticket) -> Audio:
            from engine.synthesis.sounds import make_sounds

            return make_sounds(names=(TEST_SOUND,))[0].audio

        self.jobs.run(self, work, lane="files", done=self.context.audition.play,
                      failed=lambda error: self.said.emit(str(error)))

    def _heard(self) -> None:
        error = self.context.audition.error
        self._test_why.setText(str(error) if error else "")
        self._test_why.set_role("warning")
        self._test_why.setVisible(error is not None)
