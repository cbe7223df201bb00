"""Audio: which microphone, which loudspeaker, how loud."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
        self.volume.setFixedWidth(240)
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
        settings = self.app.settings.value
        for box, why, devices, chosen, none in (
                (self.input, self._input_why, found[0], settings.input_device,
                 self.tr("No microphone was found. Plug one in, then look again.")),
                (self.output, self._output_why, found[1], settings.output_device,
                 self.tr("No loudspeaker was found. Everything but playing works."))):
            box.blockSignals(True)
            box.clear()
            box.add(self.tr("System default"), "")
            for device in devices:
                box.add(device.title, device.name, self.tr("{rate} kHz · {channels} ch").format(
                    rate=f"{device.rate_hz / 1000:g}", channels=device.channels))
            if chosen and box.findData(chosen) < 0:
                box.add(self.tr("{} (not there now)").format(chosen), chosen)
            box.setCurrentIndex(max(0, box.findData(chosen)))
            box.blockSignals(False)
            box.setEnabled(bool(devices))
            why.setText(none if not devices else "")
            why.setVisible(not devices)
            why.set_role("text3" if devices else "warning")

    def _not_found(self, error: EarmarkError) -> None:
        for why in (self._input_why, self._output_why):
            why.setText(str(error))
            why.set_role("warning")
            why.show()

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
