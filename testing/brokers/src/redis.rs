use crate::{
    Error,
    options::Tls,
    programs,
    recipe::{Recipe, Setting, Step},
};

pub(crate) fn recipe(setting: Setting<'_>) -> Result<Recipe, Error> {
    let port = setting.ports.clients;
    let mut config = "bind 127.0.0.1\nsave \"\"\n".to_owned();
    // The kernel has what was written, and it outlives us: no need to wait for the disk.
    config += "appendonly yes\nappendfsync no\n";
    config += &match setting.options.tls {
        Tls::Off => format!("port {port}\n"),
        tls => format!(
            "port 0\ntls-port {port}\ntls-cert-file server.pem\ntls-key-file server-key.pem\n\
             tls-ca-cert-file ca.pem\ntls-auth-clients {}\n",
            if tls == Tls::Mutual { "yes" } else { "no" }
        ),
    };
    let users = &setting.options.users;
    // Whoever does not say who they are is `default`.
    if !users.is_empty() && users.iter().all(|(name, _)| name != "default") {
        config += "user default off\n";
    }
    for (name, password) in users {
        let password = format!(">{password}");
        config += &format!("user {name} on {password:?} ~* &* +@all\n");
    }
    config += &setting.options.config;
    Ok(Recipe {
        files: vec![("redis.conf", config)],
        prepare: Vec::new(),
        run: vec![Step::new(programs::find("redis-server")?, ["redis.conf"])],
        probe: port,
    })
}
