"""English.

formats.py  the formats, under the names that Django looks for
"""
