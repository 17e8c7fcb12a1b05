"""Trials with few offices: estimates by intention to treat, and errors that hold when there are few clusters."""
