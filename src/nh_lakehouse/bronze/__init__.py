"""From landing files to bronze: probe, identify, parse, append."""
