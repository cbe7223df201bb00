"""About: version, licence, and whom to thank."""

from __future__ import annotations

from importlib import metadata

from PySide6.QtCore import Qt

from engine.records import ModelInfo
from gui.context import Context
from gui.pages.settings.section import TEXT_PX, Section
from gui.widgets.controls import Text

PACKAGES = ("PySide6-Essentials", "pyqtgraph", "QtAwesome", "sounddevice", "soundfile", "torch", "torchaudio", "numpy",
            "scikit-learn", "umap-learn", "openTSNE", "sentence-transformers", "silero-vad", "SQLAlchemy", "alembic")


class AboutSection(Section):
    def __init__(self, context: Context) -> None:
        super().__init__(context)
        version = _version("earmark") or self.tr("from the source tree")
        about = self.panel("Earmark", self.tr("version {}").format(version))
        words = Text(self.theme, self.tr(
            "Knows who is speaking and finds any sound by describing it, on your own machine. Apache-2.0."), "body",
            "text2", wrap=True)
        words.setMaximumWidth(TEXT_PX)
        about.body.addWidget(words)
        self._models = self.panel(self.tr("Models"), self.tr("weights and whom they come from"))
        with_ = self.panel(self.tr("Made with"))
        found = [f"{name} {version}" for name in PACKAGES if (version := _version(name))]
        made = Text(self.theme, " · ".join(found), "small", "text2", wrap=True)
        made.setMaximumWidth(TEXT_PX)
        with_.body.addWidget(made)
        icons = Text(self.theme, self.tr("Icons: Phosphor (MIT). Typeface: Inter (OFL) where it is installed."),
                     "small", "text3")
        with_.body.addWidget(icons)
        self.column.addStretch(1)
        self._filled = False

    def refresh(self) -> None:
        if not self._filled:
            self.jobs.run(self, lambda ticket: self.app.weights.list(), lane="files", done=self._fill)

    def _fill(self, models: list[ModelInfo]) -> None:
        if self._filled:
            return
        self._filled = True
        for model in models:
            self._models.body.addWidget(Text(self.theme, f"{model.title} {model.version} · {model.licence}", "body"))
            citation = Text(self.theme, model.citation, "small", "text3", wrap=True)
            citation.setMaximumWidth(TEXT_PX)
            citation.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._models.body.addWidget(citation)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
