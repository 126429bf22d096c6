//! Comma-separated values (RFC 4180) that a spreadsheet does not take for formulas.

/// Rows of cells, each quoted; UTF-8 with a byte order mark, without which some spreadsheets guess another encoding.
pub(crate) fn table<const N: usize>(rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut text = String::from('\u{FEFF}');
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| quoted(cell)).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

/// A cell. What begins as a formula does gets an apostrophe in front (OWASP, "CSV Injection").
fn quoted(cell: &str) -> String {
    let guard =
        if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) { "'" } else { "" };
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        let rows = [
            ("plain", "\"plain\""),
            ("a \"word\", and\nmore", "\"a \"\"word\"\", and\nmore\""),
            ("=1+1", "\"'=1+1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("-2", "\"'-2\""),
            ("＝1", "\"'＝1\""),
            ("", "\"\""),
        ];
        for (cell, written) in rows {
            assert_eq!(quoted(cell), written);
        }
        assert_eq!(table([["a".to_owned(), "b".to_owned()]]), "\u{FEFF}\"a\",\"b\"\r\n");
    }
}
