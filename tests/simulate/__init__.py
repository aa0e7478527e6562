"""The core under a clock, a store and a scheduler that are all a seed's."""
