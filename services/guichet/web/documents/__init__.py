"""Documents on the web: uploading, opening, the API and the pages."""
