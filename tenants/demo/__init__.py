"""The demonstration: four companies with ninety days of work behind them, made through the services alone."""
