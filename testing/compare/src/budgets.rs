//! What everything has to come to, section by section: the first section of `RESULTS.md` gathers these tables from the others.

use std::fmt::Write;

/// How each of them begins. Its rows have what is allowed, what was measured, and `met` or `**not met**`.
pub(crate) const HEAD: &str = "| budget | measured | |\n|---|---|---|\n";

pub(crate) const TITLE: &str = "Budgets";

/// One row.
pub(crate) fn row(budget: &str, measured: &str, verdict: &str) -> String {
    format!("| {budget} | {measured} | {verdict} |\n")
}

/// All rows of all sections, each a title and what stands below it.
pub(crate) fn gathered<'a>(sections: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut rows = Vec::new();
    for (title, text) in sections {
        let tables = text.split(HEAD).skip(1);
        let found = tables.flat_map(|table| table.lines().take_while(|line| line.starts_with('|')));
        rows.extend(found.map(|row| (title, row)));
    }
    let met = rows.iter().filter(|(_, row)| is_met(row)).count();
    let mut text = format!("{met} of {} are met.\n\n", rows.len());
    text.push_str("| of | budget | measured | |\n|---|---|---|---|\n");
    for (title, row) in rows {
        let _ = writeln!(text, "| [{title}](#{}) {row}", anchor(title));
    }
    text.push_str(
        "\nRatios are the middle of the rounds, with the least and the most of any round in parentheses. A difference smaller than that spread is \
         none: \"within the spread\" is met where the middle of ours reaches the least of the raw driver's rounds or ours is ahead in one, and \"met, but not in every round\" where the middle is.\n",
    );
    text
}

fn is_met(row: &str) -> bool {
    let verdict = row.trim_end_matches(['|', ' ']).rsplit('|').next();
    verdict.is_some_and(|verdict| verdict.trim_start().starts_with("met"))
}

/// As GitHub makes it of a title.
fn anchor(title: &str) -> String {
    let title = title.to_lowercase();
    let kept = title
        .chars()
        .filter(|letter| letter.is_alphanumeric() || " -".contains(*letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_all_sections_are_there_and_other_tables_are_not() {
        let one = format!(
            "{HEAD}{}\nnotes\n\n| a |\n|---|\n| b |\n",
            row("few", "1 ×", "met")
        );
        let two = format!("text\n\n{HEAD}{}", row("fast", "2 ×", "**not met**"));
        let text = gathered([("One", one.as_str()), ("A call", two.as_str())].into_iter());
        assert!(text.starts_with("1 of 2 are met."), "{text}");
        assert!(
            text.contains("| [One](#one) | few | 1 × | met |\n"),
            "{text}"
        );
        assert!(text.contains("| [A call](#a-call) | fast | 2 × | **not met** |\n"));
        assert!(!text.contains("| b |"));
    }
}
