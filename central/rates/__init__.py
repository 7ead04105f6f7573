"""Rates: what a component costs, for whom and when, by operator and year; dated records, never a guess."""

from central.rates.loading import load_pricing, load_rates, rates_path, shipped_names
from central.rates.model import Component, Pricing, Rate, RateStatus, Vat

__all__ = [
    "Component",
    "Pricing",
    "Rate",
    "RateStatus",
    "Vat",
    "load_pricing",
    "load_rates",
    "rates_path",
    "shipped_names",
]
