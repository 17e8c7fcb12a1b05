"""What a finding stands: how wrong its assumptions can be before it falls, and what a passed test would have missed."""
