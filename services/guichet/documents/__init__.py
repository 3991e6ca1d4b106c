"""The filing cabinet: files are checked, cleaned, encrypted and put away here.

What is on file for whom is in the database (``storage/documents``); this room only handles contents.
"""
