"""The phone line: sessions and the gateways behind them. Knows no campaign and no lead."""
