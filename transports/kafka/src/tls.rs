//! TLS to a broker: our options in librdkafka's words. OpenSSL does it there,
//! which is all that librdkafka has.

use nestrs_core::tls::TlsClientOptions;
use rdkafka::ClientConfig;

pub(crate) fn set(config: &mut ClientConfig, tls: &TlsClientOptions) -> Result<(), String> {
    if tls.server_name.is_some() {
        return Err(
            "`tls` of `KafkaConnection`: `server_name` cannot be had with Kafka, whose brokers \
             name each other; have their certificates name their hosts"
                .to_owned(),
        );
    }
    // Reads them once, so that what is wrong with them is said as everywhere else.
    tls.config().map_err(|error| error.to_string())?;
    match &tls.ca_pem {
        Some(authorities) => config.set("ssl.ca.pem", text(authorities, "ca_pem")?),
        // An OpenSSL that is built here does not know where this machine has them.
        None => config.set("ssl.ca.location", "probe"),
    };
    if let Some((chain, key)) = &tls.identity_pem {
        config
            .set("ssl.certificate.pem", text(chain, "identity_pem")?)
            .set("ssl.key.pem", text(key, "identity_pem")?);
    }
    Ok(())
}

fn text<'a>(pem: &'a [u8], option: &str) -> Result<&'a str, String> {
    let invalid = |_| format!("`tls` of `KafkaConnection`: `{option}` is no PEM");
    std::str::from_utf8(pem).map_err(invalid)
}
