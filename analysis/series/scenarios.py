"""How the persons behind two published shares may overlap, for those who reckon with it and those who word it."""

# Part of the largest correlation that the two shares allow, by how the two populations overlap.
SCENARIOS = {"independent": 0.0, "half_overlap": 0.5, "same_persons": 1.0}
