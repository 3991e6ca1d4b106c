"""What a period adds up to, as charts with their tables and as files for spreadsheets."""
