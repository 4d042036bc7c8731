"""The parts of the first migration, frozen with it."""
