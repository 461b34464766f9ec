//! `grpc-timeout`: how long the caller of a gRPC method waits.

use std::time::Duration;

use http::HeaderMap;

pub(crate) const TIMEOUT: &str = "grpc-timeout";

/// What the caller said, if it makes sense: at most eight digits and a unit.
pub(crate) fn timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(TIMEOUT)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let amount = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(amount * 60 * 60),
        "M" => Duration::from_secs(amount * 60),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    })
}

/// The same in the finest unit that has room for it, rounded up: a deadline is
/// never earlier than the caller's. Nothing for what nobody lives to see.
pub(crate) fn text(timeout: Duration) -> Option<String> {
    const UNITS: [(&str, u128); 6] = [
        ("n", 1),
        ("u", 1_000),
        ("m", 1_000_000),
        ("S", 1_000_000_000),
        ("M", 60_000_000_000),
        ("H", 3_600_000_000_000),
    ];
    let nanos = timeout.as_nanos().max(1);
    UNITS.iter().find_map(|(unit, size)| {
        let amount = nanos.div_ceil(*size);
        (amount < 100_000_000).then(|| format!("{amount}{unit}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn read(text: &'static str) -> Option<Duration> {
        timeout(&HeaderMap::from_iter([(
            http::HeaderName::from_static(TIMEOUT),
            HeaderValue::from_static(text),
        )]))
    }

    #[test]
    fn timeouts_are_read_and_what_is_none_is_left() {
        for (text, timeout) in [
            ("1H", Some(Duration::from_secs(3_600))),
            ("2M", Some(Duration::from_secs(120))),
            ("99999999S", Some(Duration::from_secs(99_999_999))),
            ("250m", Some(Duration::from_millis(250))),
            ("3u", Some(Duration::from_micros(3))),
            ("4n", Some(Duration::from_nanos(4))),
            ("0n", Some(Duration::ZERO)),
            ("", None),
            ("S", None),
            ("1", None),
            ("1s", None),
            ("-1S", None),
            ("+1S", None),
            ("100000000S", None),
            ("1.5S", None),
        ] {
            assert_eq!(read(text), timeout, "{text:?}");
        }
    }

    #[test]
    fn timeouts_are_written_no_shorter_than_they_are() {
        for (timeout, written) in [
            (Duration::ZERO, "1n"),
            (Duration::from_secs(5), "5000000u"),
            (Duration::from_nanos(100_000_001), "100001u"),
            (Duration::from_secs(86_400), "86400000m"),
            (Duration::from_secs(100_000_000), "1666667M"),
        ] {
            assert_eq!(text(timeout).unwrap(), written);
        }
        assert_eq!(text(Duration::MAX), None);
    }
}
