"""The demonstration: the main job with the real parts, on a throw-away server."""
