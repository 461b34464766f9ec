use crate::{
    Error,
    options::Tls,
    programs,
    recipe::{Recipe, Setting, Step},
};

pub(crate) fn recipe(setting: Setting<'_>) -> Result<Recipe, Error> {
    let port = setting.ports.clients;
    let mut config = format!(
        "listen: \"127.0.0.1:{port}\"\njetstream {{ store_dir: {:?} }}\n",
        setting.path("")
    );
    if setting.options.tls != Tls::Off {
        config += &format!(
            "tls {{ cert_file: {:?}, key_file: {:?}, ca_file: {:?}, verify: {} }}\n",
            setting.path("server.pem"),
            setting.path("server-key.pem"),
            setting.path("ca.pem"),
            setting.options.tls == Tls::Mutual
        );
    }
    if !setting.options.users.is_empty() {
        config += "authorization { users: [\n";
        for (name, password) in &setting.options.users {
            config += &format!("{{ user: {name:?}, password: {password:?} }}\n");
        }
        config += "] }\n";
    }
    config += &setting.options.config;
    Ok(Recipe {
        files: vec![("nats.conf", config)],
        prepare: Vec::new(),
        run: vec![Step::new(
            programs::find("nats-server")?,
            ["-c", "nats.conf"],
        )],
        probe: port,
    })
}
