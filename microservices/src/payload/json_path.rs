//! Which part of a JSON text a line and a column point into.

/// The path of the value that the text up to `line` and `column` (as
/// `serde_json::Error` counts them) ends in, as `items[2].price`. Empty for
/// the whole.
pub(super) fn at(json: &[u8], line: usize, column: usize) -> String {
    let lines_before = json
        .split_inclusive(|byte| *byte == b'\n')
        .take(line.saturating_sub(1));
    let end = lines_before.map(<[u8]>::len).sum::<usize>() + column;
    render(&steps(json, end.min(json.len())))
}

enum Step<'a> {
    Key(&'a [u8]),
    Index(usize),
}

/// Walks over `json[..end]`, which serde_json has read without complaint about
/// its syntax up to there.
fn steps(json: &[u8], end: usize) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut i = 0;
    while i < end {
        match json[i] {
            // A container whose very start is the trouble is meant itself.
            b'{' | b'[' if i + 1 == end => {}
            b'{' => steps.push(Step::Key(b"")),
            b'[' => steps.push(Step::Index(0)),
            b'}' | b']' => {
                steps.pop();
            }
            b',' => {
                if let Some(Step::Index(index)) = steps.last_mut() {
                    *index += 1;
                }
            }
            b'"' => {
                let start = i + 1;
                i = start + length_of_string(&json[start..]);
                if is_key(json.get(i + 1..).unwrap_or_default())
                    && let Some(Step::Key(key)) = steps.last_mut()
                {
                    *key = &json[start..i.min(json.len())];
                }
            }
            _ => {}
        }
        i += 1;
    }
    steps
}

/// How many bytes there are before the closing quote.
fn length_of_string(json: &[u8]) -> usize {
    let mut escaped = false;
    let closing = json.iter().position(|byte| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    });
    closing.unwrap_or(json.len())
}

/// Whether the string before `rest` is a key.
fn is_key(rest: &[u8]) -> bool {
    rest.trim_ascii_start().first() == Some(&b':')
}

fn render(steps: &[Step<'_>]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Index(index) => path.push_str(&format!("[{index}]")),
            Step::Key(b"") => {}
            Step::Key(key) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&String::from_utf8_lossy(key));
            }
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The path of the place before `^`, which is left out of the text.
    fn path(marked: &str) -> String {
        let (before, after) = marked.split_once('^').unwrap();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap().len();
        at(format!("{before}{after}").as_bytes(), line, column)
    }

    #[test]
    fn a_place_has_the_path_of_the_value_it_ends_in() {
        for (marked, expected) in [
            (r#"5^"#, ""),
            (r#"{"a":1^,"b":2}"#, "a"),
            (r#"{"a":1,"b":"x"^}"#, "b"),
            (r#"{"a":[1,[2,3^]]}"#, "a[1][1]"),
            (r#"{"a":{"b,c":{"d\"":"]"^}}}"#, r#"a.b,c.d\""#),
            (r#"{"a":{"b":1}^}"#, "a"),
            (r#"{"a":{^"b":1}}"#, "a"),
            (r#"{"a":[^]}"#, "a"),
            (r#"{"a" : {}, "b" : tru^e}"#, "b"),
            ("{\n  \"a\": [\n    1,\n    2^\n  ]\n}", "a[1]"),
            (r#"{"a":[{"k":1},{"é":null^}]}"#, "a[1].é"),
        ] {
            assert_eq!(path(marked), expected, "{marked}");
        }
    }

    #[test]
    fn any_bytes_and_any_place_have_some_path() {
        for json in [
            &b""[..],
            b"\"",
            b"]]}}",
            b"{\"a",
            b"\xff{\"\xff\":[",
            b"[\"\\",
        ] {
            for line in 0..3 {
                for column in 0..10 {
                    at(json, line, column);
                }
            }
        }
    }
}
