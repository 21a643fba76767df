"""What it takes to make a result again: the options, data and environment of every step behind it."""
