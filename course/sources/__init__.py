"""Where the data come from: getting, verifying and splitting each data set."""
