"""Tables as people have them: CSV in any dialect and XLSX read row by row, and CSV written safely."""
