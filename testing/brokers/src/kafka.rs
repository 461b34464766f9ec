use std::{path::Path, process::Command};

use crate::{
    Error,
    options::Tls,
    programs,
    recipe::{Recipe, Setting, Step},
};

/// What `cargo xtask setup` has Maven fetch, at the versions of the `pom.xml` beside it.
const LIBS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/kafka/libs");

/// Made up; a folder is formatted for one cluster and no other.
const CLUSTER: &str = "bmVzdHJzLW9mLWEtdGVzdA";

/// What users can prove their passwords by, beside telling them (PLAIN).
const SCRAM: [&str; 2] = ["SCRAM-SHA-256", "SCRAM-SHA-512"];

const LOG: &str = "\
log4j.rootLogger=WARN,A
log4j.appender.A=org.apache.log4j.ConsoleAppender
log4j.appender.A.target=System.err
log4j.appender.A.layout=org.apache.log4j.PatternLayout
log4j.appender.A.layout.ConversionPattern=%d %p %c %m%n
";

pub(crate) fn recipe(setting: Setting<'_>) -> Result<Recipe, Error> {
    let java = programs::find("java")?;
    let libs = programs::at(LIBS)?;
    let format = "kafka.tools.StorageTool format -g -c server.properties -t";
    let mut format: Vec<_> = format.split(' ').map(str::to_owned).collect();
    format.push(CLUSTER.to_owned());
    for (name, password) in &setting.options.users {
        // Unlike those of PLAIN, these are in the data.
        for mechanism in SCRAM {
            let user = format!("{mechanism}=[name={name},password={password}]");
            format.extend(["--add-scram".to_owned(), user]);
        }
    }
    let broker = ["kafka.Kafka", "server.properties"].map(str::to_owned);
    Ok(Recipe {
        files: vec![
            ("server.properties", properties(setting)),
            ("log4j.properties", LOG.to_owned()),
        ],
        prepare: vec![program(&java, &libs, format)],
        run: vec![program(&java, &libs, broker)],
        probe: setting.ports.probe,
    })
}

/// One of Kafka's own command-line tools, by the name of its class: to ask a broker by other means
/// than those that are tested.
///
/// ```no_run
/// let class = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
/// let mut tool = nestrs_brokers::kafka_tool(class)?;
/// let shown = tool.args(["--bootstrap-server", "127.0.0.1:9092", "--list"]).output();
/// # Ok::<(), nestrs_brokers::Error>(())
/// ```
///
/// # Errors
///
/// [`Error`]: Java or Kafka's jars are not there.
pub fn kafka_tool(class: &str) -> Result<Command, Error> {
    let libs = programs::at(LIBS)?;
    let mut tool = Command::new(programs::find("java")?);
    tool.args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]);
    tool.args(["-cp", &format!("{}/*", libs.display()), class]);
    Ok(tool)
}

/// One node that is broker and controller. It has a listener for clients, one for itself, where
/// we ask too, and one for the controller.
fn properties(setting: Setting<'_>) -> String {
    let clients = setting.ports.clients;
    let own = setting.ports.probe;
    let [controller, _] = setting.ports.extra;
    let advertised = setting.advertised;
    let tls = setting.options.tls;
    let users = &setting.options.users;
    let protocol = match (users.is_empty(), tls) {
        (true, Tls::Off) => "PLAINTEXT",
        (true, _) => "SSL",
        (false, Tls::Off) => "SASL_PLAINTEXT",
        (false, _) => "SASL_SSL",
    };
    let mut text = format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=CLIENTS://127.0.0.1:{clients},OWN://127.0.0.1:{own},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=CLIENTS://127.0.0.1:{advertised},OWN://127.0.0.1:{own}
inter.broker.listener.name=OWN
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,OWN:PLAINTEXT,CLIENTS:{protocol}
log.dirs={}
num.partitions=1
num.network.threads=2
num.io.threads=2
log.cleaner.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=true
",
        setting.path("data")
    );
    if tls != Tls::Off {
        let clients = if tls == Tls::Mutual {
            "required"
        } else {
            "none"
        };
        text += &format!(
            "ssl.keystore.type=PEM
ssl.keystore.location={}
ssl.truststore.type=PEM
ssl.truststore.location={}
ssl.client.auth={clients}
",
            setting.path("server-both.pem"),
            setting.path("ca.pem"),
        );
    }
    if !users.is_empty() {
        let users: String = users
            .iter()
            .map(|(name, password)| format!(" user_{name}={password:?}"))
            .collect();
        // What is quoted there is within a file of properties, which has backslashes too.
        let users = users.replace('\\', "\\\\");
        let security = "org.apache.kafka.common.security";
        text += &format!(
            "listener.name.clients.sasl.enabled.mechanisms=PLAIN,{}
listener.name.clients.plain.sasl.jaas.config={security}.plain.PlainLoginModule required{users};
",
            SCRAM.join(",")
        );
        for mechanism in SCRAM {
            text += &format!(
                "listener.name.clients.{}.sasl.jaas.config={security}.scram.ScramLoginModule required;\n",
                mechanism.to_ascii_lowercase()
            );
        }
    }
    text + &setting.options.config
}

fn program(java: &Path, libs: &Path, args: impl IntoIterator<Item = String>) -> Step {
    let mut step = Step::new(
        java.to_owned(),
        [
            "-Xms128m",
            "-Xmx512m",
            // It starts in half the time, and the machine has few processors.
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Dlog4j.configuration=file:log4j.properties",
            "-cp",
            &format!("{}/*", libs.display()),
        ],
    );
    step.args.extend(args);
    step
}
