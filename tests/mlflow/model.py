"""Builds and saves a small MLflow model that answers as the sentinel's does.

It takes the columns X_tabular (1, 23) and X_sequential (60, 23) and answers
one row [sell, hold, buy]. It knows nothing about markets: what it answers is
a fixed sum of its inputs, so that a test can tell that all of them arrived.
"""

import sys

import mlflow.pyfunc
import numpy as np


class Sum(mlflow.pyfunc.PythonModel):
    """Shares that follow from the inputs and add up to 1."""

    def predict(self, context, model_input, params=None):
        rows = []
        for _, row in model_input.iterrows():
            tabular = np.asarray(row["X_tabular"], dtype=np.float64)
            sequence = np.asarray(row["X_sequential"], dtype=np.float32)
            if tabular.shape != (1, 23) or sequence.shape != (60, 23):
                raise ValueError(f"shapes {tabular.shape} and {sequence.shape}")
            if not (sequence[-1] == tabular[0].astype(np.float32)).all():
                raise ValueError("the last row of the sequence is another one")
            sell, hold, buy = 1.0, 1.0 + tabular[0, 9] / 100.0, 1.0 + sequence[0, 18] / 24.0
            rows.append([float(part) for part in np.array([sell, hold, buy]) / (sell + hold + buy)])
        return np.array(rows)


if __name__ == "__main__":
    target = sys.argv[1] if len(sys.argv) > 1 else "model"
    mlflow.pyfunc.save_model(path=target, python_model=Sum())
    print(f"saved {target}")
