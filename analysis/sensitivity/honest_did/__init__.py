"""Effects when trends need not be parallel after the start.

Rambachan and Roth (2023), Review of Economic Studies 90(5). `event_study` holds estimates, covariance and target;
`intervals` gives intervals, breakdown values and identified sets. Written from the paper; R's HonestDiD is compared
with, not copied.
"""
