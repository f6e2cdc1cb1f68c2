//! Parses the tables of `data/`: comma-separated, one header line, fields with commas in double quotes.
//! `reduce.py` ensures that no field contains a quote or a line break. So a CSV library is not needed, and
//! fields can be borrowed from the text.

/// The rows below the header with exactly `N` fields. Rows of another width are skipped; tests check that
/// there are none.
pub(crate) fn rows<const N: usize>(table: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    table.lines().skip(1).filter_map(fields)
}

fn fields<const N: usize>(line: &'static str) -> Option<[&'static str; N]> {
    let mut found = [""; N];
    let mut rest = Some(line);
    for field in &mut found {
        let text = rest?;
        (*field, rest) = match text.strip_prefix('"') {
            Some(quoted) => {
                let (inside, after) = quoted.split_once('"')?;
                (inside, if after.is_empty() { None } else { Some(after.strip_prefix(',')?) })
            }
            None => match text.split_once(',') {
                Some((field, after)) => (field, Some(after)),
                None => (text, None),
            },
        };
    }
    rest.is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_field_keeps_its_comma() {
        assert_eq!(fields("PDX,\"Portland, OR\",US"), Some(["PDX", "Portland, OR", "US"]));
        assert_eq!(fields("\"Portland, OR\""), Some(["Portland, OR"]));
    }

    #[test]
    fn empty_fields_are_fields() {
        assert_eq!(fields(",LIL,"), Some(["", "LIL", ""]));
    }

    #[test]
    fn a_row_that_is_too_short_too_long_or_badly_quoted_is_refused() {
        assert_eq!(fields::<3>("a,b"), None);
        assert_eq!(fields::<2>("a,b,c"), None);
        assert_eq!(fields::<2>("\"a,b"), None);
        assert_eq!(fields::<2>("\"a\"b,c"), None);
    }
}
