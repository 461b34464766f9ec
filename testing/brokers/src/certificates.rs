use std::{fs, path::Path};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};

use crate::Error;

/// An authority made for one broker, what it gave to the broker (for `localhost` and
/// `127.0.0.1`), and what it gave to its clients. All in PEM.
#[derive(Clone, Debug)]
pub struct Certificates {
    /// The certificate of the authority.
    pub ca_pem: String,
    /// The broker's certificate.
    pub server_cert_pem: String,
    /// The broker's key.
    pub server_key_pem: String,
    /// A certificate for clients, of the name `client`.
    pub client_cert_pem: String,
    /// Its key.
    pub client_key_pem: String,
}

impl Certificates {
    pub(crate) fn new() -> Result<Self, Error> {
        let made = || {
            let authority = authority()?;
            let server = issue(
                &authority,
                &["localhost", "127.0.0.1"],
                ExtendedKeyUsagePurpose::ServerAuth,
            )?;
            let client = issue(&authority, &["client"], ExtendedKeyUsagePurpose::ClientAuth)?;
            Ok(Self {
                ca_pem: authority.pem(),
                server_cert_pem: server.0,
                server_key_pem: server.1,
                client_cert_pem: client.0,
                client_key_pem: client.1,
            })
        };
        made().map_err(Error::Certificate)
    }

    /// Writes them where the recipes look for them.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Error> {
        let both = format!("{}{}", self.server_key_pem, self.server_cert_pem);
        for (name, text) in [
            ("ca.pem", &self.ca_pem),
            ("server.pem", &self.server_cert_pem),
            ("server-key.pem", &self.server_key_pem),
            ("server-both.pem", &both),
        ] {
            fs::write(folder.join(name), text).map_err(Error::io(format!("write {name}")))?;
        }
        Ok(())
    }
}

fn authority() -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(DnType::CommonName, "authority of a test");
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}

fn issue(
    authority: &CertifiedIssuer<'static, KeyPair>,
    names: &[&str],
    usage: ExtendedKeyUsagePurpose,
) -> Result<(String, String), rcgen::Error> {
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names.clone())?;
    params
        .distinguished_name
        .push(DnType::CommonName, &names[0]);
    params.extended_key_usages.push(usage);
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, authority)?;
    Ok((certificate.pem(), key.serialize_pem()))
}
