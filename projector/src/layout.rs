//! The columns of a table on a terminal: how wide each is, and which go when there is no room for all.

/// The least width of a column whose cells may take several lines.
const WRAPPED_MIN: usize = 16;

/// The blanks between two columns.
pub(crate) const GAP: usize = 2;

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub heading: &'static str,
    /// Whether its cells may take several lines. They are broken between words.
    pub wraps: bool,
}

/// A column whose cells are never broken: ids, times, numbers.
pub const fn whole(heading: &'static str) -> Column {
    Column { heading, wraps: false }
}

/// A column whose cells may take several lines.
pub const fn wrapped(heading: &'static str) -> Column {
    Column { heading, wraps: true }
}

/// The room that the cells of a column want.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// The width of the widest cell or the heading.
    pub(crate) widest: usize,
    /// The width of the longest word in them.
    pub(crate) longest_word: usize,
    /// Whether all cells are empty.
    pub(crate) is_empty: bool,
}

/// The width of each column in `room`; none for a column that is left out. If there is no room for all as
/// they are, empty columns go first; then cells take several lines; then those columns go whose headings are
/// in `dropped`, in that order. What stays is shown even if it is wider than the room.
pub(crate) fn widths(
    columns: &[Column],
    wanted: &[Wanted],
    dropped: &[&str],
    room: usize,
) -> Vec<Option<usize>> {
    let whole: Vec<_> = wanted.iter().map(|wanted| Some(wanted.widest)).collect();
    if taken(&whole) <= room {
        return whole;
    }
    let least = |(column, wanted): (&Column, &Wanted)| {
        let least = if column.wraps { wanted.longest_word.max(WRAPPED_MIN) } else { wanted.widest };
        (!wanted.is_empty).then_some(least.min(wanted.widest))
    };
    let mut widths: Vec<_> = columns.iter().zip(wanted).map(least).collect();
    for heading in dropped {
        if taken(&widths) <= room {
            break;
        }
        if let Some(at) = columns.iter().position(|column| column.heading == *heading) {
            widths[at] = None;
        }
    }
    // The rest of the room goes to the columns that would take several lines, one place after the other.
    let mut spare = room.saturating_sub(taken(&widths));
    while spare > 0 {
        let before = spare;
        for (width, wanted) in widths.iter_mut().zip(wanted) {
            if let Some(width) = width.as_mut().filter(|width| **width < wanted.widest && spare > 0) {
                (*width, spare) = (*width + 1, spare - 1);
            }
        }
        if spare == before {
            break;
        }
    }
    widths
}

/// The room that columns take, with the gaps between them.
fn taken(widths: &[Option<usize>]) -> usize {
    let shown: Vec<_> = widths.iter().flatten().collect();
    shown.iter().copied().sum::<usize>() + GAP * shown.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::{Column, Wanted, whole, widths, wrapped};

    const COLUMNS: [Column; 4] = [whole("ID"), wrapped("WHAT"), whole("BY"), wrapped("FROM")];

    const fn wants(widest: usize, longest_word: usize, is_empty: bool) -> Wanted {
        Wanted { widest, longest_word, is_empty }
    }

    const WANTED: [Wanted; 4] =
        [wants(36, 36, false), wants(50, 12, false), wants(2, 2, true), wants(30, 18, false)];

    fn in_room(room: usize) -> Vec<Option<usize>> {
        widths(&COLUMNS, &WANTED, &["FROM", "WHAT"], room)
    }

    #[test]
    fn what_fits_is_as_wide_as_it_wants() {
        assert_eq!(in_room(124), [Some(36), Some(50), Some(2), Some(30)]);
        assert_eq!(in_room(500), in_room(124));
    }

    #[test]
    fn an_empty_column_goes_first_then_words_wrap_then_columns_go_in_their_order() {
        assert_eq!(in_room(123), [Some(36), Some(50), None, Some(30)]);
        assert_eq!(in_room(100), [Some(36), Some(30), None, Some(30)]);
        assert_eq!(in_room(74), [Some(36), Some(16), None, Some(18)]);
        assert_eq!(in_room(73), [Some(36), Some(35), None, None]);
        assert_eq!(in_room(53), [Some(36), None, None, None]);
        assert_eq!(in_room(10), [Some(36), None, None, None]);
    }
}
