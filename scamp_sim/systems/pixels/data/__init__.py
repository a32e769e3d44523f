"""Pictures to train and to look at: small data sets, drawn scenes."""
