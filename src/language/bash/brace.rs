//! Brace expansion: `{a,b}`, `{1..3}`, `{a..e..2}`, on a word's parts.
//!
//! In: the parts of one word. Out: one list of parts per resulting word, at most [`BOUND`]. It
//! refuses what would take too long to expand.

use super::word::Part;

/// More words than this are not made.
const BOUND: usize = 16_384;
/// Nor are they longer together than this, in bytes.
const LENGTH_BOUND: usize = 1 << 20;
/// Each open brace may look through the whole word: so many steps at most.
const WORK: usize = 1 << 24;

#[derive(Clone)]
enum Atom {
    /// An unquoted character, which may be a brace.
    Byte(u8),
    Other(Part),
}

/// The words that `parts` stands for; `None` when there are too many.
pub(super) fn expand(parts: Vec<Part>) -> Option<Vec<Vec<Part>>> {
    let open = |part: &Part| matches!(part, Part::Text { bytes, quoted: false } if bytes.contains(&b'{'));
    if !parts.iter().any(open) {
        return Some(vec![parts]);
    }
    let mut atoms = Vec::new();
    for part in parts {
        match part {
            Part::Text { bytes, quoted: false } => atoms.extend(bytes.into_iter().map(Atom::Byte)),
            other => atoms.push(Atom::Other(other)),
        }
    }
    let braces = atoms.iter().filter(|atom| is(atom, b'{')).count();
    if braces.saturating_mul(atoms.len()) > WORK {
        return None;
    }
    let words = words(&atoms, 0)?;
    Some(words.into_iter().map(join).collect())
}

fn join(atoms: Vec<Atom>) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for atom in atoms {
        match (atom, parts.last_mut()) {
            (Atom::Byte(byte), Some(Part::Text { bytes, quoted: false })) => bytes.push(byte),
            (Atom::Byte(byte), _) => parts.push(Part::Text { bytes: vec![byte], quoted: false }),
            (Atom::Other(part), _) => parts.push(part),
        }
    }
    parts
}

fn words(atoms: &[Atom], depth: usize) -> Option<Vec<Vec<Atom>>> {
    if depth > 16 {
        return None;
    }
    let mut from = 0;
    while let Some(start) = atoms[from..].iter().position(|atom| is(atom, b'{')).map(|at| at + from) {
        let Some((end, alternatives)) = group(atoms, start, depth)? else {
            from = start + 1;
            continue;
        };
        let rest = words(&atoms[end + 1..], depth + 1)?;
        let mut all = Vec::new();
        let mut length = 0;
        for middle in &alternatives {
            for tail in &rest {
                length += start + middle.len() + tail.len();
                if all.len() >= BOUND || length > LENGTH_BOUND {
                    return None;
                }
                all.push([&atoms[..start], middle, tail].concat());
            }
        }
        return Some(all);
    }
    Some(vec![atoms.to_vec()])
}

const fn is(atom: &Atom, wanted: u8) -> bool {
    matches!(atom, Atom::Byte(byte) if *byte == wanted)
}

type Group = (usize, Vec<Vec<Atom>>);

/// The alternatives of the brace at `start` and where it closes; `None` inside when it is plain text.
fn group(atoms: &[Atom], start: usize, depth: usize) -> Option<Option<Group>> {
    let (mut open, mut commas) = (0usize, Vec::new());
    for (at, atom) in atoms.iter().enumerate().skip(start) {
        if is(atom, b'{') {
            open += 1;
        } else if is(atom, b',') && open == 1 {
            commas.push(at);
        } else if is(atom, b'}') {
            open -= 1;
            if open > 0 {
                continue;
            }
            if commas.is_empty() {
                let Some(range) = range(&atoms[start + 1..at]) else { return Some(None) };
                return if range.is_empty() { None } else { Some(Some((at, range))) };
            }
            let mut all = Vec::new();
            let mut begin = start + 1;
            for end in commas.into_iter().chain([at]) {
                all.extend(words(&atoms[begin..end], depth + 1)?);
                begin = end + 1;
            }
            return if all.len() > BOUND { None } else { Some(Some((at, all))) };
        }
    }
    Some(None)
}

/// `1..3`, `a..e`, `01..10..2`; empty when there are too many.
fn range(atoms: &[Atom]) -> Option<Vec<Vec<Atom>>> {
    let text: Option<String> = atoms
        .iter()
        .map(|atom| match atom {
            Atom::Byte(byte) if byte.is_ascii() => Some(char::from(*byte)),
            _ => None,
        })
        .collect();
    let text = text?;
    let fields: Vec<&str> = text.split("..").collect();
    let (first, last, step) = match fields[..] {
        [first, last] => (first, last, 1),
        [first, last, step] => (first, last, step.parse::<i64>().ok()?.unsigned_abs().max(1)),
        _ => return None,
    };
    let letter = |text: &str| match text.as_bytes() {
        [byte] if byte.is_ascii_alphabetic() => Some(i64::from(*byte)),
        _ => None,
    };
    let padded =
        |text: &str| text.trim_start_matches('-').starts_with('0') && text.trim_start_matches('-').len() > 1;
    let width = if padded(first) || padded(last) { first.len().max(last.len()) } else { 0 };
    let (from, to, letters) = match (first.parse::<i64>(), last.parse::<i64>()) {
        (Ok(from), Ok(to)) => (from, to, false),
        _ => (letter(first)?, letter(last)?, true),
    };
    let count = from.abs_diff(to) / step;
    if count >= BOUND as u64 {
        return Some(Vec::new());
    }
    let step = i64::try_from(step).ok()?;
    let values = (0..=i64::try_from(count).ok()?)
        .map(|at| if from <= to { from + at * step } else { from - at * step });
    Some(
        values
            .map(|value| {
                let text = if letters {
                    char::from(u8::try_from(value).unwrap_or(b'?')).to_string()
                } else {
                    format!("{value:0width$}")
                };
                text.bytes().map(Atom::Byte).collect()
            })
            .collect(),
    )
}
