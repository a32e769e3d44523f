"""A system on many clips and chips, compared with its models, stage by stage."""
