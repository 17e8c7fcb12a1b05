"""Names of the rows of the table of subgroups, for those who write them and those who only read them."""

GROUP, UNPLACED, MEAN = "group", "unplaced", "mean"
DIFFERENCE, INTERACTION = "difference", "interaction"
