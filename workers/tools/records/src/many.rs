//! Places of values in a statement that is about many rows: lists have no common form in the two databases.

/// `$4,$5,$6` for three from 4 on.
pub(crate) fn places(first: usize, many: usize) -> String {
    let places: Vec<String> = (first..first.saturating_add(many)).map(|n| format!("${n}")).collect();
    places.join(",")
}

/// The last one repeated up to a power of two: a list that is looked in has few lengths then, and its statement is prepared already.
pub(crate) fn padded<T: Copy>(mut values: Vec<T>) -> Vec<T> {
    if let Some(last) = values.last().copied() {
        values.resize(values.len().next_power_of_two(), last);
    }
    values
}

/// Rows of a statement that writes so many: 1, 4, 16, 64, … Each length is a statement to prepare, for every connection.
pub(crate) fn rows_for(many: usize) -> usize {
    let rows = many.next_power_of_two();
    if rows.ilog2().is_multiple_of(2) {
        rows
    } else {
        rows.saturating_mul(2)
    }
}

/// `($1,$2),($3,$4)` for two rows of two columns.
pub(crate) fn rows_of(columns: usize, rows: usize) -> String {
    let rows = (0..rows).map(|row| format!("({})", places(row.saturating_mul(columns).saturating_add(1), columns)));
    rows.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_through() {
        assert_eq!(places(4, 3), "$4,$5,$6");
        assert_eq!(rows_of(2, 2), "($1,$2),($3,$4)");
        assert_eq!(padded(vec![1, 2, 3, 4, 5]), [1, 2, 3, 4, 5, 5, 5, 5]);
        assert_eq!((padded(vec![7]), padded(Vec::<u8>::new())), (vec![7], vec![]));
        assert_eq!([1, 2, 4, 5, 17, 200, 256].map(rows_for), [1, 4, 4, 16, 64, 256, 256]);
        assert_eq!((places(1, 0), rows_of(3, 0)), (String::new(), String::new()));
    }
}
