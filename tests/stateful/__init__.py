"""Random lives of placements, against a live server and a plain model beside it."""
