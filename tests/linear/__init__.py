"""Is there one order in which everything that was answered could have happened?"""
