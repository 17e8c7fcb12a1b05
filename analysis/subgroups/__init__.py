"""Subgroups that the card states: who is in them, the headline in each, and whether it differs between them."""
