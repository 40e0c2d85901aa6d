//! A table with columns as wide as their content.

/// Prints rows under their heads; columns named in `right` are set to the right.
pub fn print(heads: &[&str], right: &[usize], rows: &[Vec<String>]) {
    print!("{}", lay_out(heads, right, rows));
}

fn lay_out(heads: &[&str], right: &[usize], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = heads.iter().map(|h| (*h).to_owned()).collect();
    let all = || std::iter::once(&head).chain(rows);
    let width = |column: usize| {
        all()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let mut out = String::new();
    for row in all() {
        let cells = widths.iter().enumerate().map(|(column, &width)| {
            let cell = row.get(column).map_or("", String::as_str);
            if right.contains(&column) {
                format!("{cell:>width$}")
            } else {
                format!("{cell:<width$}")
            }
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        out += line.trim_end();
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_content() {
        let rows = vec![vec!["zip".to_owned(), "7".to_owned()], vec!["longer".to_owned(), "123".to_owned()]];
        assert_eq!(lay_out(&["f", "n"], &[1], &rows), "f         n\nzip       7\nlonger  123\n");
    }
}
