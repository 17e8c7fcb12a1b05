"""Difference-in-differences with staggered adoption: group-time effects from cells or persons, and what is made of
them."""
