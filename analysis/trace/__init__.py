"""From a number in print to the row, the plan, the data and the code behind it."""
