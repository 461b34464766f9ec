use crate::{
    Error,
    options::Tls,
    programs,
    recipe::{Recipe, Setting, Step},
};

/// The node itself. What is on `PATH` changes the user and cannot enter a private folder.
const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

pub(crate) fn recipe(setting: Setting<'_>) -> Result<Recipe, Error> {
    let ports = setting.ports;
    let [names, nodes] = ports.extra;
    let mut config = "loopback_users = none\nlog.console = true\nlog.file = false\n\
                      disk_free_limit.absolute = 50MB\n"
        .to_owned();
    match &setting.options.users[..] {
        [] => {}
        [(name, password)] => {
            config += &format!("default_user = {name}\ndefault_pass = {password}\n");
        }
        _ => {
            let what = "RabbitMQ is given one user here: more go into `config`";
            return Err(Error::Options(what.to_owned()));
        }
    }
    // With TLS the plain listener is there too, on a port that only we know.
    let mut plain = ports.clients;
    if setting.options.tls != Tls::Off {
        plain = ports.probe;
        let mutual = setting.options.tls == Tls::Mutual;
        let verify = if mutual { "verify_peer" } else { "verify_none" };
        config += &format!(
            "listeners.ssl.1 = 127.0.0.1:{}\nssl_options.cacertfile = {}\n\
             ssl_options.certfile = {}\nssl_options.keyfile = {}\n\
             ssl_options.verify = {verify}\nssl_options.fail_if_no_peer_cert = {mutual}\n",
            ports.clients,
            setting.path("ca.pem"),
            setting.path("server.pem"),
            setting.path("server-key.pem"),
        );
    }
    config += &setting.options.config;

    let env = vec![
        // The cookie is written there.
        ("HOME", setting.path("home")),
        ("ERL_EPMD_PORT", names.to_string()),
        ("ERL_EPMD_ADDRESS", "127.0.0.1".to_owned()),
        ("RABBITMQ_NODENAME", format!("nestrs{plain}@localhost")),
        ("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1".to_owned()),
        ("RABBITMQ_NODE_PORT", plain.to_string()),
        ("RABBITMQ_DIST_PORT", nodes.to_string()),
        (
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
            // Schedulers that wait do not spin: other processes want the processor.
            "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +S 2:2".to_owned(),
        ),
        ("RABBITMQ_BASE", setting.path("")),
        ("RABBITMQ_MNESIA_BASE", setting.path("mnesia")),
        ("RABBITMQ_LOG_BASE", setting.path("logs")),
        ("RABBITMQ_LOGS", "-".to_owned()),
        ("RABBITMQ_PID_FILE", setting.path("pid")),
        ("RABBITMQ_CONF_ENV_FILE", "/dev/null".to_owned()),
        ("RABBITMQ_CONFIG_FILE", setting.path("rabbitmq.conf")),
        (
            "RABBITMQ_ADVANCED_CONFIG_FILE",
            setting.path("advanced.config"),
        ),
        (
            "RABBITMQ_ENABLED_PLUGINS_FILE",
            setting.path("enabled_plugins"),
        ),
        ("RABBITMQ_FEATURE_FLAGS_FILE", setting.path("feature_flags")),
        // Its script then becomes the node instead of waiting for it.
        ("RUNNING_UNDER_SYSTEMD", "true".to_owned()),
    ];
    // Whom nodes ask for each other's ports. If none were there the node would start one that
    // outlives it.
    let name_server = Step::new(
        programs::find("epmd")?,
        ["-port", &names.to_string(), "-address", "127.0.0.1"],
    );
    Ok(Recipe {
        files: vec![
            ("rabbitmq.conf", config),
            ("enabled_plugins", "[].\n".to_owned()),
            ("home/empty", String::new()),
            ("mnesia/empty", String::new()),
            ("logs/empty", String::new()),
        ],
        prepare: Vec::new(),
        run: vec![
            name_server,
            Step {
                program: programs::at(SERVER)?,
                args: Vec::new(),
                env,
            },
        ],
        probe: plain,
    })
}
