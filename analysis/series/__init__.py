"""Aggregated series: counts per office or county and month, with some units that began something at a known time."""
