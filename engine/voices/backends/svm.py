"""A linear support vector machine for each voice against the others and strangers. Measured, not offered: see logistic.py."""

from __future__ import annotations

import numpy as np

from engine.errors import UsageError
from engine.voices.backends.lda import FittedLinear
from engine.voices.backends.protocol import Background, Enrolled

C = 1.0


class Svm:
    """Signed distance to the plane that parts a voice from everybody else."""

    name, title, needs_background = "svm", "linear SVM", True
    log_likelihood = False

    def fit(self, enrolled: Enrolled, background: Background | None) -> FittedLinear:
        from sklearn.svm import LinearSVC

        if background is None:
            raise UsageError("The SVM needs a background of strangers, and there is none for this encoder.")
        vectors = np.concatenate([enrolled.vectors, background.strangers])
        owner = np.concatenate([enrolled.owner, np.full(len(background.strangers), enrolled.voices)])
        model = LinearSVC(C=C).fit(vectors, owner)
        if enrolled.voices == 1:
            return FittedLinear(-model.coef_.astype(np.float32), -model.intercept_.astype(np.float32))
        return FittedLinear(model.coef_[:-1].astype(np.float32), model.intercept_[:-1].astype(np.float32))
