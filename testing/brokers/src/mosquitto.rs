use crate::{
    Error,
    options::Tls,
    programs,
    recipe::{Recipe, Setting, Step},
};

pub(crate) fn recipe(setting: Setting<'_>) -> Result<Recipe, Error> {
    let port = setting.ports.clients;
    // Started by root it would become another user, who cannot enter a private folder.
    let mut config = "user root\nlog_dest stderr\nset_tcp_nodelay true\n".to_owned();
    config += "persistence true\npersistence_location ./\nautosave_interval 1\n";
    // Under load it would drop what is beyond a thousand.
    config += "max_queued_messages 0\n";
    config += &format!("listener {port} 127.0.0.1\n");
    if setting.options.tls != Tls::Off {
        config += "certfile server.pem\nkeyfile server-key.pem\ncafile ca.pem\n";
        let mutual = setting.options.tls == Tls::Mutual;
        config += &format!("require_certificate {mutual}\n");
    }
    let users = &setting.options.users;
    let mut prepare = Vec::new();
    if users.is_empty() {
        config += "allow_anonymous true\n";
    } else {
        config += "allow_anonymous false\npassword_file passwords\n";
        let program = programs::find("mosquitto_passwd")?;
        for (index, (name, password)) in users.iter().enumerate() {
            let mut step = Step::new(program.clone(), ["-b", "passwords", name, password]);
            if index == 0 {
                step.args.insert(0, "-c".to_owned());
            }
            prepare.push(step);
        }
    }
    config += &setting.options.config;
    Ok(Recipe {
        files: vec![("mosquitto.conf", config)],
        prepare,
        run: vec![Step::new(
            programs::find("mosquitto")?,
            ["-c", "mosquitto.conf"],
        )],
        probe: port,
    })
}
