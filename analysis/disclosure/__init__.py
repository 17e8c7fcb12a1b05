"""Disclosure control: profiles, rounding, suppression, and an attacker that tries to undo them."""
