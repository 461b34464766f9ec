//! The order of `String.prototype.localeCompare`, which NestJS sorts pattern
//! keys by: not the order of bytes.
//!
//! Exact for ASCII and for letters that decompose into an ASCII letter and
//! marks (`é`, `ñ`). Other letters follow `z` in the order of their code
//! points, which is the collation's for most scripts but not inside all of
//! them; such keys want the full tables of ICU, twenty-five crates of them.

use std::cmp::Ordering;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// What sorts before the digits, in order; read off Node's ICU.
const BEFORE_DIGITS: &str = "\t\n\u{b}\u{c}\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";

pub(super) fn compare(a: &str, b: &str) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    let (a, b) = (weights(a), weights(b));
    a.base
        .cmp(&b.base)
        .then_with(|| a.marks.cmp(&b.marks))
        .then_with(|| a.upper.cmp(&b.upper))
}

/// Compared level by level: first what the letters are, then their marks,
/// then their case, lower first.
#[derive(Default)]
struct Weights {
    base: Vec<u32>,
    marks: Vec<Vec<char>>,
    upper: Vec<bool>,
}

fn weights(text: &str) -> Weights {
    let mut weights = Weights::default();
    for c in text.nfd() {
        if canonical_combining_class(c) != 0 {
            if let Some(marks) = weights.marks.last_mut() {
                marks.push(c);
            }
        } else if let Some(base) = base(c) {
            weights.base.push(base);
            weights.marks.push(Vec::new());
            weights.upper.push(c.is_uppercase());
        }
    }
    weights
}

/// `None` for control characters, which the collation does not see.
fn base(c: char) -> Option<u32> {
    if let Some(place) = BEFORE_DIGITS.find(c) {
        return Some(place as u32);
    }
    if c.is_control() {
        return None;
    }
    let lower = c.to_lowercase().next().unwrap_or(c);
    Some(BEFORE_DIGITS.len() as u32 + lower as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_that_of_locale_compare() {
        // Sorted by Node 20.
        let sorted = [
            "a b", "a_b", "a-b", "a1", "a10", "a2", "ab", "aB", "Ab", "AB", "d", "e", "E", "é",
            "É", "ea", "éa", "eb", "n", "ñ", "o", "resume", "Resume", "résumé", "z", "α", "а", "я",
            "Я", "中",
        ];
        for (i, a) in sorted.iter().enumerate() {
            for (j, b) in sorted.iter().enumerate() {
                assert_eq!(compare(a, b), i.cmp(&j), "{a:?} against {b:?}");
            }
        }
    }

    #[test]
    fn ascii_is_in_the_order_of_icu() {
        let sorted = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789aAbBcCdDeEfFgGhHiIjJkKlLmMnNoOpPqQrRsStTuUvVwWxXyYzZ";
        let mut ours: Vec<String> = (32..127u8).map(|b| char::from(b).to_string()).collect();
        ours.sort_by(|a, b| compare(a, b));
        assert_eq!(ours.concat(), sorted);
    }
}
