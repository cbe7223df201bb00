"""Logistic regression over the enrolled samples, with strangers as one more class that nobody is.

Training takes seconds from a few hundred voices on, so it is measured but not offered in the settings.
"""

from __future__ import annotations

import numpy as np

from engine.errors import UsageError
from engine.voices.backends.lda import FittedLinear
from engine.voices.backends.protocol import Background, Enrolled

C = 100.0  # inverse strength of the penalty; unit vectors need little of it
MOST_STEPS = 300


class Logistic:
    """Log-odds of a voice against the class of strangers."""

    name, title, needs_background = "logistic", "logistic regression", True
    log_likelihood = True

    def fit(self, enrolled: Enrolled, background: Background | None) -> FittedLinear:
        from sklearn.linear_model import LogisticRegression

        if background is None:
            raise UsageError("Logistic regression needs a background of strangers, and there is none for this encoder.")
        vectors = np.concatenate([enrolled.vectors, background.strangers])
        owner = np.concatenate([enrolled.owner, np.full(len(background.strangers), enrolled.voices)])
        model = LogisticRegression(C=C, max_iter=MOST_STEPS).fit(vectors, owner)
        weights, offsets = model.coef_, model.intercept_
        if enrolled.voices == 1:  # of two classes scikit-learn keeps the plane between them, which points at the second
            return FittedLinear(-weights.astype(np.float32), -offsets.astype(np.float32))
        return FittedLinear((weights[:-1] - weights[-1]).astype(np.float32), (offsets[:-1] - offsets[-1]).astype(np.float32))
