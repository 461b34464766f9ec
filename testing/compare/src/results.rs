//! `RESULTS.md`: a section for each path, written anew when the path is measured.

use std::fs;

use serde::Serialize;

use crate::error::Error;
use crate::places;

const PREFACE: &str = "\
# Results

Written by `cargo xtask compare`, which measures everything side by side on one machine: what counts are ratios within one run.
";

/// Saves the figures as `target/compare/<path>.json` and the section under its title, and prints it.
pub(crate) fn save(
    path: &str,
    title: &str,
    section: &str,
    figures: &impl Serialize,
) -> Result<(), Error> {
    keep(path, figures)?;
    let file = places::workspace().join("RESULTS.md");
    let before = fs::read_to_string(&file).unwrap_or_else(|_| PREFACE.to_owned());
    let after = replace(&before, title, section);
    fs::write(&file, after).map_err(Error::io(format!("cannot write {}", file.display())))?;
    println!("## {title}\n\n{section}");
    Ok(())
}

/// Saves the figures alone.
pub(crate) fn keep(path: &str, figures: &impl Serialize) -> Result<(), Error> {
    let json = places::target()?.join(format!("{path}.json"));
    let text = serde_json::to_string_pretty(figures).map_err(Error::json(json.display()))?;
    fs::write(&json, text).map_err(Error::io(format!("cannot write {}", json.display())))
}

/// Sections begin with `## Title`; a new one comes last.
fn replace(text: &str, title: &str, section: &str) -> String {
    let mut parts: Vec<_> = text.split("\n## ").map(str::trim_end).collect();
    let new = format!("{title}\n\n{}", section.trim_end());
    let old = parts
        .iter()
        .position(|part| part.lines().next() == Some(title));
    match old {
        Some(old) => parts[old] = &new,
        None => parts.push(&new),
    }
    parts.join("\n\n## ") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_takes_the_place_of_its_older_self() {
        let text = replace("# Results\n\nPreface.\n", "Container", "old\n\n### Part\n");
        let text = replace(&text, "TCP", "tcp");
        let text = replace(&text, "Container", "new");
        assert_eq!(
            text,
            "# Results\n\nPreface.\n\n## Container\n\nnew\n\n## TCP\n\ntcp\n"
        );
    }
}
