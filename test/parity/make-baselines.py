"""Computes with scikit-learn and NumPy what test/parity/solver.test.ts compares with.

    python3 -m venv ~/baselines-venv && ~/baselines-venv/bin/pip install scikit-learn==1.9.1 numpy
    ~/baselines-venv/bin/python test/parity/make-baselines.py            # writes ../fixture/parity/baselines.json
    ~/baselines-venv/bin/python test/parity/make-baselines.py --check    # compares with it instead
"""
import json
import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression, RidgeClassifierCV, RidgeCV

TARGET = Path(__file__).parent.parent / "fixture" / "parity" / "baselines.json"


def features(rng, rows, columns, classes):
    """Rounded, so that the file is short; the classes overlap, so that every fit has a finite optimum."""
    labels = np.arange(rows) % classes
    x = rng.normal(size=(rows, columns)) + 0.5 * rng.normal(size=(classes, columns))[labels]
    return np.round(x, 3), labels


def probabilities(x, labels, new, l2):
    model = LogisticRegression(C=1 / l2, solver="newton-cg", tol=1e-13, max_iter=100_000)
    model.fit(x, labels)
    return model, model.predict_proba(new)


def logistic(rng, rows, columns, classes, l2):
    x, labels = features(rng, rows, columns, classes)
    new, _ = features(rng, 3, columns, classes)
    model, p = probabilities(x, labels, new, l2)
    coef = model.coef_ if classes > 2 else np.vstack([-model.coef_, model.coef_]) / 2
    intercepts = model.intercept_ if classes > 2 else np.array([-1, 1]) * model.intercept_ / 2
    return dict(l2=l2, classes=classes, x=x.tolist(), labels=labels.tolist(), new=new.tolist(),
                weights=coef.tolist(), intercepts=intercepts.tolist(), probabilities=p.tolist())


def ridge(rng, rows, columns):
    x, _ = features(rng, rows, columns, 2)
    y = np.round(x[:, :2] + rng.normal(size=(rows, 2)) + 3, 3)
    alphas = np.logspace(-3, 3, 10)
    model = RidgeCV(alphas=alphas).fit(x, y)
    return dict(x=x.tolist(), y=y.tolist(), alphas=alphas.tolist(), alpha=model.alpha_,
                error=-model.best_score_, weights=model.coef_.tolist(),
                intercepts=model.intercept_.tolist())


def ridge_classifier(rng, rows, columns):
    x, labels = features(rng, rows, columns, 3)
    alphas = np.logspace(-3, 3, 10)
    model = RidgeClassifierCV(alphas=alphas).fit(x, labels)
    return dict(x=x.tolist(), labels=labels.tolist(), classes=3, alphas=alphas.tolist(),
                alpha=model.alpha_, error=-model.best_score_, weights=model.coef_.tolist(),
                intercepts=model.intercept_.tolist())


def fixtures():
    rng = np.random.default_rng(1)
    return {
        "logistic": [
            logistic(rng, 20, 4, 3, 0.5),
            logistic(rng, 12, 20, 3, 0.01),
            logistic(rng, 18, 3, 2, 0.1),
            logistic(rng, 8, 15, 2, 1.0),
        ],
        "ridge": [ridge(rng, 20, 5), ridge(rng, 10, 25)],
        "ridgeClassifier": [ridge_classifier(rng, 21, 4), ridge_classifier(rng, 9, 20)],
    }


def close(a, b):
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(close(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(close, a, b))
    return a == b if isinstance(a, str) else np.isclose(a, b, rtol=1e-7, atol=1e-7)


def shortened(value):
    if isinstance(value, dict):
        return {key: shortened(one) for key, one in value.items()}
    if isinstance(value, list):
        return [shortened(one) for one in value]
    return float(f"{value:.10g}") if isinstance(value, float) else value


made = shortened(json.loads(json.dumps(fixtures(), default=lambda value: value.item())))
if "--check" in sys.argv:
    sys.exit(0 if close(made, json.loads(TARGET.read_text())) else f"{TARGET} differs")
TARGET.write_text(json.dumps(made, separators=(",", ":")) + "\n")
