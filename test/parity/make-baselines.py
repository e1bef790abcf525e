"""Computes with scikit-learn and NumPy what solver.test.ts and baseline.test.ts compare with.

    python3 -m venv ~/baselines-venv && ~/baselines-venv/bin/pip install scikit-learn==1.9.1 numpy
    ~/baselines-venv/bin/python test/parity/make-baselines.py            # writes ../fixture/parity/baselines.json
    ~/baselines-venv/bin/python test/parity/make-baselines.py --check    # compares with it instead
"""
import json
import sys
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression, RidgeClassifier, RidgeClassifierCV, RidgeCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import normalize

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


def words(rng, count, classes):
    """Symbols 0 to 3 of unequal length; each class prefers other steps."""
    result = []
    for i in range(count):
        steps = rng.choice(4, size=12 + int(rng.integers(6)), p=np.roll([0.5, 0.2, 0.2, 0.1], i % classes))
        result.append([int(value) for value in np.cumsum(steps) % 4])
    return result, np.arange(count) % classes


def counts_of(train, test, order):
    """n-grams of the training sequences; `whole` counts those of a sequence that training lacks, too."""
    text = lambda rows: ["".join(map(str, row)) for row in rows]
    vectorizer = CountVectorizer(analyzer="char", ngram_range=(order, order)).fit(text(train))
    counts = [vectorizer.transform(text(rows)).toarray() for rows in (train, test)]
    everything = CountVectorizer(analyzer="char", ngram_range=(order, order)).fit(text(train + test))
    whole = [everything.transform(text(rows)).toarray() for rows in (train, test)]
    return counts, whole


def roots(counts, whole):
    return np.sqrt(counts / whole.sum(1, keepdims=True))


def logs(counts, whole):
    log = lambda x: np.where(x > 0, 1 + np.log(np.maximum(x, 1)), 0)
    return log(counts) / np.linalg.norm(log(whole), axis=1, keepdims=True)


def n_grams(rng):
    train, labels = words(rng, 9, 3)
    test, _ = words(rng, 4, 3)
    logistic, ridges = [], []
    for orders in ([1], [2], [4], [1, 2, 3, 4]):
        of = {name: [[], []] for name in ("root", "log")}
        for order in orders:
            counts, whole = counts_of(train, test, order)
            for part in (0, 1):
                of["root"][part].append(roots(counts[part], whole[part]))
                of["log"][part].append(logs(counts[part], whole[part]))
        side_by_side = {name: [np.hstack(part) / np.sqrt(len(orders)) for part in parts]
                        for name, parts in of.items()}
        x, new = side_by_side["root"]
        model, p = probabilities(x, labels, new, 0.1)
        logistic.append(dict(orders=orders, C=10, probabilities=p.tolist(), answers=model.predict(new).tolist()))
        x, new = side_by_side["log"]
        scores = RidgeClassifier(alpha=0.1).fit(x, labels).decision_function(new)
        ridges.append(dict(orders=orders, alpha=0.1, scores=scores.tolist()))
    (all_counts, _), _ = counts_of(train + test, test, 2)
    all_roots = normalize(np.sqrt(all_counts))
    nearest = KNeighborsClassifier(1).fit(all_roots[:9], labels).predict(all_roots[9:])
    return dict(train=train, labels=labels.tolist(), test=test, logistic=logistic, ridge=ridges,
                nearest=nearest.tolist())


def summary(values):
    """Of one channel, as src/baseline/summary.ts; missing values are NaN."""
    t = np.arange(len(values))
    known = ~np.isnan(values)
    x, mean, std = values[known], np.nanmean(values), np.nanstd(values)
    centred = values - mean
    lag = lambda k: np.nansum(centred[:-k] * centred[k:]) / np.nansum(centred**2) if k < len(values) else 0.0
    differences = np.diff(values)
    return [
        mean, std, np.nanmin(values), np.nanmax(values), *np.nanquantile(values, [0.25, 0.5, 0.75]),
        np.mean((x - mean) ** 3) / std**3, np.mean((x - mean) ** 4) / std**4 - 3,
        np.polyfit(t[known], x, 1)[0] * (len(values) - 1),
        *[lag(k) for k in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)],
        np.nanmean(np.abs(differences)), np.sqrt(np.nanmean(differences**2)), 1 - known.mean(),
    ]


def resampled(values, length):
    known = ~np.isnan(values)
    t = np.arange(len(values))
    return np.interp(np.linspace(0, len(values) - 1, length), t[known], values[known])


def standard(values):
    return (values - values.mean()) / values.std()


def warped(a, b, band):
    """Of [channels, length] each; the squared distance."""
    length = a.shape[1]
    cost = np.full((length + 1, length + 1), np.inf)
    cost[0, 0] = 0
    for i in range(length):
        for j in range(max(0, i - band), min(length, i + band + 1)):
            step = min(cost[i, j], cost[i, j + 1], cost[i + 1, j])
            cost[i + 1, j + 1] = np.sum((a[:, i] - b[:, j]) ** 2) + step
    return cost[length, length]


def series(rng):
    """Two channels, unequal lengths, some values missing."""
    sequences = []
    for i in range(4):
        values = np.round(np.cumsum(rng.normal(size=(10 + 3 * i, 2)), axis=0), 2)
        values[rng.integers(1, len(values) - 1), i % 2] = np.nan
        sequences.append(values)
    length, band = 12, 2
    scaled = [np.array([standard(resampled(x[:, c], length)) for c in (0, 1)]) for x in sequences]
    distances = lambda of: [[float(of(a, b)) for b in scaled] for a in scaled]
    return dict(
        values=[[None if np.isnan(value) else value for value in x.ravel().tolist()] for x in sequences],
        channels=2, length=length, band=band,
        summaries=[[*summary(x[:, 0]), *summary(x[:, 1]), np.log(len(x))] for x in sequences],
        euclidean=distances(lambda a, b: np.sum((a - b) ** 2)),
        warped=distances(lambda a, b: warped(a, b, band)),
    )


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
        "nGrams": n_grams(rng),
        "series": series(rng),
    }


def close(a, b):
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(close(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(close, a, b))
    return a == b if a is None or isinstance(a, str) else np.isclose(a, b, rtol=1e-7, atol=1e-7)


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
