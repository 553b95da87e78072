"""The 23 features by pandas, for each window of 200 bars of a CSV file.

Prints the columns of the reference file: last_bar, the features, the sum of
the 60 by 23 sequence as 32-bit floats, and the sum of its first row.
"""

import sys

import numpy as np
import pandas as pd

WINDOW, ROWS = 200, 60


def features(bars):
    c, h, l, v = bars["close"], bars["high"], bars["low"], bars["volume"]
    change = c.pct_change()
    ewm = lambda series, span: series.ewm(span=span, adjust=False).mean()
    move = c.diff()
    gain = move.clip(lower=0).rolling(14).mean()
    loss = (-move).clip(lower=0).rolling(14).mean()
    rsi = (100 - 100 / (1 + gain / loss)).where(loss > 0, 100.0).where((gain > 0) | (loss > 0), 0.0)
    macd = ewm(c, 12) - ewm(c, 26)
    usual = v.rolling(20).mean()
    # Afresh for each window: a deviation that is carried along keeps a residue
    # of 1e-11 where nothing moves any more.
    spread = lambda n: change.rolling(n).apply(lambda w: np.std(w, ddof=1), raw=True)
    momentum = c - c.shift(5)
    columns = [
        change, c.pct_change(5), c.pct_change(10),
        c.rolling(10).mean(), c.rolling(20).mean(), ewm(c, 10), ewm(c, 20),
        spread(10), spread(20), rsi,
        macd, ewm(macd, 9), macd - ewm(macd, 9),
        h / l, c / h, c / l,
        usual, (v / usual).where(usual != 0, 0.0).where(usual.notna()),
        bars.index.hour.to_series(index=bars.index), bars.index.dayofweek.to_series(index=bars.index),
        momentum, momentum - momentum.shift(5), pd.Series(0.0, index=bars.index),
    ]
    return pd.concat(columns, axis=1).dropna()


def main():
    bars = pd.read_csv(sys.argv[1], parse_dates=["timestamp"], index_col="timestamp")
    print("last_bar," + ",".join(f"feature_{n}" for n in range(23)) + ",sequence_sum,first_row_sum")
    for end in range(WINDOW, len(bars) + 1):
        # A copy: each window on its own, as if nothing had been before.
        rows = features(bars.iloc[end - WINDOW:end].copy())
        sequence = rows.to_numpy()[-ROWS:].astype(np.float32).astype(np.float64)
        numbers = [*rows.to_numpy()[-1], sequence.sum(), sequence[0].sum()]
        print(f"{rows.index[-1]}," + ",".join(repr(float(n)) for n in numbers))


main()
