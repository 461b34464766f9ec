//! What the driver says of a connection that failed, with what can be done about
//! it in terms of our options instead of its own.

/// What it says, and what we say to that.
const ADVICE: [(&str, &str); 6] = [
    (
        "certificate verify failed",
        "the broker's certificate is of no authority that is trusted, see `ca_pem` of `tls`, or \
         names another host",
    ),
    (
        "alert bad certificate",
        "the broker wants a certificate that it trusts, see `identity_pem` of `tls`",
    ),
    (
        "alert certificate required",
        "the broker wants a certificate that it trusts, see `identity_pem` of `tls`",
    ),
    (
        "SSL connection closed by peer",
        "one that does so at once does not speak TLS there, leave out `tls`",
    ),
    ("SASL", "see `sasl` of `KafkaConnection`"),
    (
        "Disconnected: connection closed by peer",
        "one that does so at once may want TLS, see `tls` of `KafkaConnection`, or to know who is \
         there, see `sasl`",
    ),
];

/// Where the driver begins to give advice, or to tell how long it took.
const ITS_OWN: [&str; 5] = [
    ": broker certificate could not",
    ": connecting to a PLAINTEXT",
    ": requesting ApiVersion",
    ": verify that security.protocol",
    " (after ",
];

/// What happened, as the driver says it.
pub(crate) fn what_happened(reason: &str) -> &str {
    let ends = ITS_OWN.iter().filter_map(|its_own| reason.find(its_own));
    let what = &reason[..ends.min().unwrap_or(reason.len())];
    // Where that was stands before it; errors here say so anyway.
    match what.split_once(": ") {
        Some((place, what)) if place.contains("/bootstrap") || place.contains("://") => what,
        _ => what,
    }
}

/// What happened, and what can be done.
pub(crate) fn in_our_words(reason: &str) -> String {
    let what = what_happened(reason);
    let advice = ADVICE.iter().find(|(says, _)| reason.contains(says));
    match advice {
        Some((_, advice)) => format!("{what}: {advice}"),
        None => what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_short_and_say_what_to_do() {
        for (reason, words) in [
            (
                "ssl://a:1/bootstrap: SSL handshake failed: error:0A000086:SSL \
                 routines::certificate verify failed: broker certificate could not be verified, \
                 verify that ssl.ca.location is correctly configured (after 3ms in state \
                 SSL_HANDSHAKE, 1 identical error(s) suppressed)",
                "SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: the \
                 broker's certificate is of no authority that is trusted, see `ca_pem` of `tls`, \
                 or names another host",
            ),
            (
                "sasl_plaintext://a:1/bootstrap: SASL authentication error: Authentication \
                 failed: Invalid username or password (after 159ms in state AUTH_REQ)",
                "SASL authentication error: Authentication failed: Invalid username or password: \
                 see `sasl` of `KafkaConnection`",
            ),
            (
                "a:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms \
                 in state CONNECT)",
                "Connect to ipv4#127.0.0.1:1 failed: Connection refused",
            ),
            ("Failed to resolve 'a:1': no", "Failed to resolve 'a:1': no"),
        ] {
            assert_eq!(in_our_words(reason), words);
        }
    }
}
