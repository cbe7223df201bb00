"""Which joint space the library is searched in, and changing over to another one.

A change is remembered first (settings: `joint_next`). From then on scans index for the new space, in as many runs as it
takes, while the library is searched in the old one. When a scan has come to its end and every sound that was searchable
has vectors in the new space, the library changes over and the old vectors go. Files that are remembered as not to be taken
do not hold that up; sounds that cannot be reached now (a disk that is not plugged in, a file that may not be read) do. A
sound that is new or whose content changed while a change is pending gets vectors in the new space alone, so it is found
once the library has changed over.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from engine.encoders.models import JOINT, Models
from engine.encoders.protocols import TextAudioEncoder
from engine.errors import EncoderError, ListBroken
from engine.records import EncoderSpec, JointState, ScanReport
from engine.settings import SettingsFile
from engine.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Target:
    """What a scan indexes for. encoder: loads it the first time. pending: the library is searched in another space yet."""

    name: str
    spec: EncoderSpec
    encoder: Callable[[], TextAudioEncoder]
    pending: bool = False


class Switching:
    """Reads and changes the choice of one workspace. Thread-safe as far as its settings and its store are."""

    def __init__(self, store: Store, settings: SettingsFile, models: Callable[[], Models]) -> None:
        self._store = store
        self._settings = settings
        self._models = models

    def state(self) -> JointState:
        """How far it is. What cannot be used any more is said in `lost`, not raised. Raises StoreError."""
        chosen, models = self._settings.value, self._models()
        meant = chosen.joint_next or chosen.joint
        lost, in_use_lost = models.lost(meant), models.lost(chosen.joint)
        try:
            indexed, sounds = self._store.sounds.counted(models.joint_spec(meant))
        except (EncoderError, ListBroken) as error:
            indexed, sounds, lost = 0, self._store.sounds.count(), lost or str(error)
        return JointState(chosen.joint, chosen.joint_next, indexed, sounds, lost, in_use_lost)

    def stored(self) -> dict[str, str]:
        """The choice that follows from what is stored, by the names of settings: for settings that do not say it any more.

        The space that most sounds have vectors in is the one in use, of equals the older; another one of a known encoder is
        what the library was being indexed for. Empty where nothing is stored. Raises StoreError.
        """
        spaces = sorted(self._store.spaces.list("joint"), key=lambda one: -one.count)  # of equals the older stays first
        if not spaces:
            return {}
        models = self._models()
        in_use, *others = [models.joint_of(one.spec) for one in spaces]
        known = models.joint_names()
        pending = [name for name in others if name in known and name != in_use]
        return {"joint": in_use, "joint_next": pending[0] if pending else ""}

    def use(self, name: str) -> JointState:
        """Change over to another joint space: at once where nothing has to be indexed for that, otherwise with the next scan.

        The one in use: a pending change is given up, and what was indexed for it goes. Raises EncoderError, WeightsMissing
        (it cannot be loaded; nothing is changed), Busy, StoreError.
        """
        models = self._models()
        name = next((one for one in models.joint_names() if one.casefold() == name.casefold()), name)
        if name != self._settings.value.joint:
            models.joint_named(name).embed_texts(["a dog barking"])
        with self._store.writing():
            if name != self._settings.value.joint_next:
                self._store.sounds.settle_tags(taken=False)
            if name == self._settings.value.joint:
                self._settings.change(joint_next="")
            else:
                self._settings.change(joint_next=name)
            if not self._settings.value.joint_next or not self._missing():
                self._change_over()
        return self.state()

    def target(self) -> Target:
        """What scans index for now. Raises EncoderError."""
        pending = self._settings.value.joint_next
        name = pending or self._settings.value.joint
        return Target(name, self._models().joint_spec(name), lambda: self._models().joint_named(name), bool(pending))

    def overtaken(self) -> bool:
        """Whether another program has changed the library over meanwhile; then this one follows. Raises StoreError."""
        return self._settings.follow()

    def finished(self, target: Target, report: ScanReport) -> ScanReport:
        """A scan for this target came to its end: change over if it was pending and nothing waits any more."""
        report = replace(report, encoder=target.name)
        with self._store.writing():  # a choice made meanwhile waits: what is counted is what is changed over to
            if target.name != self._settings.value.joint_next:  # none was pending, or another one is by now
                self._store.sounds.settle_tags(taken=False)
                if target.name != self._settings.value.joint:  # the user gave it up while the scan ran
                    self._purge_only(lambda spec: spec == target.spec)
                self._purge_outdated()
                return report
            waiting = len(self._missing())
            if waiting:
                log.info("the library stays with its encoder: %d sounds could not be reached", waiting)
                return replace(report, waiting=waiting)
            self._change_over()
        return replace(report, changed_over=True)

    def _missing(self) -> list[Path]:
        """Paths of sounds that can be found now and could not be after a change over to the pending space."""
        models, chosen = self._models(), self._settings.value
        try:
            now = models.joint_spec(chosen.joint)
        except (EncoderError, ListBroken):  # its entry is gone: nothing can be found in it
            return []
        return self._store.sounds.missing(models.joint_spec(chosen.joint_next), now)

    def _change_over(self) -> None:
        pending = self._settings.value.joint_next
        if pending:
            self._store.sounds.settle_tags(taken=True)  # first: a kill after it leaves the change pending, and it is done again
            self._settings.change(joint=pending, joint_next="")
            log.info("the library has changed over to another encoder")
        self._purge()

    def _purge(self) -> None:
        """The user chose an encoder, and the library is searched with it: spaces that are neither in use nor pending go."""
        chosen, keep = self._settings.value, []
        for name in filter(None, (chosen.joint, chosen.joint_next)):
            try:
                keep.append(self._models().joint_spec(name))
            except (EncoderError, ListBroken):
                return  # nobody can say which vectors are meant: they stay
        self._store.sounds.purge(keep)

    def _purge_outdated(self) -> None:
        """Spaces of older versions of the encoder in use go. Those of other encoders stay until the user chooses one.

        Only of the program's own: the specs of those that were added bear one name, whatever their files hold.
        """
        models, name = self._models(), self._settings.value.joint
        if name not in JOINT:
            return
        try:
            now, *others = (models.joint_spec(own) for own in (name, *JOINT))
        except EncoderError:  # it is not installed as it should be
            return
        self._purge_only(lambda spec: spec.name == now.name and spec not in (now, *others))

    def _purge_only(self, gone: Callable[[EncoderSpec], bool]) -> None:
        stored = [one.spec for one in self._store.spaces.list("joint")]
        keep = [spec for spec in stored if not gone(spec)]
        if len(keep) < len(stored):
            self._store.sounds.purge(keep)
