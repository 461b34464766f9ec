use crate::Row;

const HEAD: [&str; 11] = [
    "transport",
    "test",
    "attempted",
    "acked",
    "delivered",
    "lost",
    "duplicated",
    "unexpected",
    "recovered",
    "recovery_ms",
    "p99_ms",
];

/// The rows for people, in columns.
pub(crate) fn print(rows: &[Row]) {
    let mut lines = vec![HEAD.map(str::to_owned)];
    lines.extend(rows.iter().map(cells));
    let widths: Vec<_> = (0..HEAD.len())
        .map(|column| lines.iter().map(|line| line[column].len()).max())
        .map(Option::unwrap_or_default)
        .collect();
    println!();
    for line in lines {
        let mut text = String::new();
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            // Names to the left, numbers to the right.
            text += &match column {
                0 | 1 => format!("{cell:<width$}  "),
                _ => format!("{cell:>width$}  "),
            };
        }
        println!("{}", text.trim_end());
    }
}

fn cells(row: &Row) -> [String; 11] {
    let or_none = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    [
        row.transport.to_owned(),
        row.test.to_owned(),
        row.attempted.to_string(),
        row.acked.to_string(),
        row.delivered.to_string(),
        row.lost.to_string(),
        row.duplicated.to_string(),
        row.unexpected.to_string(),
        or_none(row.recovered.map(|recovered| recovered.to_string())),
        or_none(row.recovery_ms.map(|ms| ms.to_string())),
        or_none(row.p99_ms.map(|ms| format!("{ms:.1}"))),
    ]
}
