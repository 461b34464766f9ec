//! Bars, as SVG that is readable on light and on dark, beside `RESULTS.md`.

use std::fmt::Write;
use std::fs;

use crate::error::Error;
use crate::figures::Spread;
use crate::places;

const LEFT: f64 = 170.0;
const LENGTH: f64 = 420.0;
const WIDTH: f64 = 680.0;
const TOP: f64 = 36.0;
const STEP: f64 = 26.0;

/// Bars as `charts/<name>.svg`; what is written of them in Markdown.
pub(crate) fn save(
    name: &str,
    title: &str,
    all: &[(&str, Spread, String)],
) -> Result<String, Error> {
    let folder = places::workspace().join("charts");
    fs::create_dir_all(&folder).map_err(Error::io(format!("cannot make {}", folder.display())))?;
    let file = folder.join(format!("{name}.svg"));
    let doing = format!("cannot write {}", file.display());
    fs::write(&file, bars(title, all)).map_err(Error::io(doing))?;
    Ok(format!("![{title}](charts/{name}.svg)"))
}

/// A bar for each: its name, how long it is, and what stands behind it. A line goes from the least to the most.
fn bars(title: &str, bars: &[(&str, Spread, String)]) -> String {
    let longest = bars
        .iter()
        .map(|(_, spread, _)| spread.most)
        .fold(f64::MIN_POSITIVE, f64::max);
    let height = TOP + STEP * bars.len() as f64 + 10.0;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"13\" fill=\"#888\">\n<text x=\"8\" y=\"20\" font-weight=\"bold\">{}</text>\n",
        escaped(title)
    );
    for (number, (name, spread, label)) in bars.iter().enumerate() {
        let y = TOP + STEP * number as f64;
        let at = |rate: f64| LEFT + LENGTH * rate / longest;
        let color = if number == 0 { "#c2410c" } else { "#6b8fb5" };
        let _ = writeln!(
            text,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\
             <rect x=\"{LEFT}\" y=\"{y}\" width=\"{:.1}\" height=\"18\" fill=\"{color}\"/>\
             <path d=\"M{:.1} {}H{:.1}\" stroke=\"#444\" stroke-width=\"2\"/>\
             <text x=\"{:.1}\" y=\"{}\">{}</text>",
            LEFT - 8.0,
            y + 14.0,
            escaped(name),
            at(spread.middle) - LEFT,
            at(spread.least),
            y + 9.0,
            at(spread.most),
            at(spread.most) + 8.0,
            y + 14.0,
            escaped(label),
        );
    }
    text + "</svg>\n"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_takes_all_the_room() {
        let spread = |middle| Spread::of([middle].into_iter());
        let text = bars(
            "a < b",
            &[
                ("one", spread(50.0), "50".to_owned()),
                ("two", spread(100.0), "100".to_owned()),
            ],
        );
        assert!(text.contains("a &lt; b"));
        assert!(
            text.contains("width=\"210.0\"") && text.contains("width=\"420.0\""),
            "{text}"
        );
    }
}
