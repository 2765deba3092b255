"""The sentences of the report, and the computations behind them."""
