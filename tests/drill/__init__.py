"""The drill: a bundle leaves a live server and is verified where only the client is."""
