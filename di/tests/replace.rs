//! Replacing parts of an application, modules with options, and what checking warns of.

#![allow(
    clippy::unwrap_used,
    reason = "a wiring that fails here is a failed test"
)]

use std::sync::Arc;

use nestrs_di::*;

struct Url(&'static str);

struct Socket;
#[injectable]
impl Socket {
    #[constructor]
    fn open(_url: Arc<Url>) -> Self {
        panic!("opened a socket to {}", _url.0)
    }
}

#[injectable]
struct Db {
    #[expect(dead_code)]
    socket: Option<Arc<Socket>>,
    #[inject(value = "real")]
    name: &'static str,
}

#[injectable]
struct Users(Arc<Db>);

// `Secrets` is provided by nobody: only the socket's side of the graph needs it.
struct Secrets;
#[injectable]
struct Login(
    #[expect(dead_code)] Arc<Secrets>,
    #[expect(dead_code)] Arc<Socket>,
);

#[module(providers = [Db, Socket, Provider::value(Url("db://production"))], exports = [Db])]
struct DbModule;

#[module(imports = [DbModule], providers = [Users])]
struct App;

fn stand_in() -> Provider {
    Provider::value(Db {
        socket: None,
        name: "stand-in",
    })
}

#[tokio::test]
async fn what_only_the_replaced_provider_needed_is_left_out() {
    let graph = Graph::builder::<App>().replace(stand_in()).build().unwrap();
    let app = graph.construct().await.unwrap();
    assert_eq!(app.get::<Users>().unwrap().0.name, "stand-in");
    assert!(app.get::<Socket>().is_none());
    assert!(app.get::<Url>().is_none());

    let error = Graph::of::<App>()
        .unwrap()
        .construct()
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("opened a socket to db://production"),
        "{error}"
    );
}

#[tokio::test]
async fn what_others_need_too_stays() {
    #[injectable]
    struct Other(Arc<Url>);
    #[module(providers = [Db, Socket, Other, Provider::value(Url("db://production"))])]
    struct App;
    let graph = Graph::builder::<App>().replace(stand_in()).build().unwrap();
    let app = graph.construct().await.unwrap();
    assert_eq!(app.get::<Other>().unwrap().0.0, "db://production");
    assert!(app.get::<Socket>().is_none());
}

#[test]
fn replacement_comes_before_checking() {
    #[injectable]
    struct Page(#[expect(dead_code)] Arc<Db>);
    #[injectable]
    struct Broken(#[expect(dead_code)] Arc<Login>);
    #[module(providers = [Page, Login, Broken, Provider::factory(|_: Arc<Broken>| async { Ok::<_, std::io::Error>(Db { socket: None, name: "" }) })])]
    struct App;
    assert_eq!(App::verify().unwrap_err().findings().len(), 2);
    Graph::builder::<App>().replace(stand_in()).build().unwrap();
}

#[test]
fn replacing_what_is_not_there_is_an_error() {
    struct Dn;
    let error = Graph::builder::<App>()
        .replace(Provider::value(Dn))
        .build()
        .unwrap_err();
    let [finding] = error.findings() else {
        panic!("{error}")
    };
    assert_eq!(finding.code, Code::UnknownReplacement);
    assert!(finding.fix.contains("did you mean `Db`?"), "{error}");
    assert!(finding.sites[0].at.file().ends_with("replace.rs"));
}

#[test]
fn a_module_can_be_replaced() {
    let other = DynamicModule::builder("Fake")
        .provide(stand_in())
        .export::<Db>()
        .build();
    let graph = Graph::builder::<App>()
        .replace_module::<DbModule>(other)
        .build();
    assert!(graph.is_ok());
}

#[tokio::test]
async fn options_are_private_to_the_module_they_configure() {
    #[injectable]
    struct Mailer(Arc<Url>);
    #[module(providers = [Mailer], exports = [Mailer])]
    struct MailModule;
    impl ConfigurableModule for MailModule {
        type Options = Url;
    }
    // Who exports the module exports the configured one.
    #[module(imports = [MailModule::for_root(Url("mail://one"))], exports = [MailModule])]
    struct Between;
    #[injectable]
    struct Shop(Arc<Mailer>);
    #[module(imports = [Between], providers = [Shop])]
    struct App;
    let app = Graph::of::<App>().unwrap().construct().await.unwrap();
    assert_eq!(app.get::<Shop>().unwrap().0.0.0, "mail://one");
    assert!(app.get_in(app.root(), Key::of::<Url>()).is_none());
}

#[test]
fn nobody_asks_for_it() {
    #[injectable]
    struct Forgotten;
    #[injectable]
    struct Hooked;
    impl OnModuleInit for Hooked {
        async fn on_module_init(&self) -> Result<(), HookError> {
            Ok(())
        }
    }
    #[injectable]
    struct Exported;
    struct Handlers;
    #[injectable]
    struct Controller;
    impl Module for Handlers {
        fn definition() -> ModuleDefinition {
            ModuleDefinition::of::<Self>()
                .provide_type::<Controller>()
                .provide_type_once::<Controller>()
        }
    }
    #[module(imports = [Handlers], providers = [Forgotten, Hooked, Exported], exports = [Exported])]
    struct Feature;
    #[module(imports = [Feature], providers = [Forgotten])]
    struct App;
    let (_, findings) = Graph::builder::<App>().check();
    let [finding] = &findings[..] else {
        panic!("{findings:#?}")
    };
    assert_eq!(
        (finding.code, finding.severity),
        (Code::Unused, Severity::Warning)
    );
    assert_eq!(finding.path, ["App", "Feature", "Forgotten"]);
    App::verify().unwrap();
}
