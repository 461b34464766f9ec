//! `RESULTS.md`: a section for each path, written anew when the path is measured, below the budgets of all of them.

use std::fs;

use serde::Serialize;

use crate::error::Error;
use crate::{budgets, places};

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
    write(title, section)
}

/// Saves the figures alone.
pub(crate) fn keep(path: &str, figures: &impl Serialize) -> Result<(), Error> {
    let json = places::target()?.join(format!("{path}.json"));
    let text = serde_json::to_string_pretty(figures).map_err(Error::json(json.display()))?;
    fs::write(&json, text).map_err(Error::io(format!("cannot write {}", json.display())))
}

/// A section that says why there is none.
pub(crate) fn fail(path: &str, title: &str, why: &Error) -> Result<(), Error> {
    write(
        title,
        &format!("`cargo xtask compare {path}` failed: {why}\n"),
    )
}

fn write(title: &str, section: &str) -> Result<(), Error> {
    let file = places::workspace().join("RESULTS.md");
    let before = fs::read_to_string(&file).unwrap_or_else(|_| PREFACE.to_owned());
    let after = Sections::read(&before).with(title, section).text();
    fs::write(&file, after).map_err(Error::io(format!("cannot write {}", file.display())))?;
    println!("## {title}\n\n{section}");
    Ok(())
}

/// What stands above all sections, and each with its title.
struct Sections {
    preface: String,
    all: Vec<(String, String)>,
}

impl Sections {
    /// They begin with `## Title`. The budgets are none of them: they are made of the others.
    fn read(text: &str) -> Self {
        let mut parts = text.split("\n## ").map(str::trim_end);
        let preface = parts.next().unwrap_or_default().to_owned();
        let all = parts.map(|part| part.split_once('\n').unwrap_or((part, "")));
        let all = all.map(|(title, section)| (title.to_owned(), section.trim().to_owned()));
        let all = all.filter(|(title, _)| title != budgets::TITLE).collect();
        Self { preface, all }
    }

    /// A new one comes last.
    fn with(mut self, title: &str, section: &str) -> Self {
        let section = section.trim().to_owned();
        match self.all.iter_mut().find(|(known, _)| known == title) {
            Some((_, old)) => *old = section,
            None => self.all.push((title.to_owned(), section)),
        }
        self
    }

    fn text(&self) -> String {
        let each = self.all.iter();
        let budgets =
            budgets::gathered(each.map(|(title, section)| (title.as_str(), section.as_str())));
        let mut text = format!("{}\n\n## {}\n\n{budgets}", self.preface, budgets::TITLE);
        for (title, section) in &self.all {
            text += &format!("\n## {title}\n\n{section}\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_takes_the_place_of_its_older_self_below_the_budgets() {
        let section = format!("old\n\n### Part\n\n{}| few | 1 | met |\n", budgets::HEAD);
        let text = Sections::read("# Results\n\nPreface.\n").with("Container", &section);
        let text = Sections::read(&text.text()).with("TCP", "tcp").text();
        assert!(
            text.contains("| [Container](#container) | few | 1 | met |"),
            "{text}"
        );
        let text = Sections::read(&text).with("Container", "new").text();
        assert!(
            text.starts_with("# Results\n\nPreface.\n\n## Budgets\n\n0 of 0"),
            "{text}"
        );
        assert!(
            text.ends_with("\n\n## Container\n\nnew\n\n## TCP\n\ntcp\n"),
            "{text}"
        );
        assert_eq!(text.matches("## Budgets").count(), 1);
    }
}
