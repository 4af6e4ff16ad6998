"""Reports as files for spreadsheets."""
