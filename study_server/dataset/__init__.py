"""The data set that leaves a study: its columns, its rows, its files, and the way back into a store."""
