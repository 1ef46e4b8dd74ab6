"""Measurements, one a file: `bin/bench NAME`. Each module has its Click command as `command`."""
