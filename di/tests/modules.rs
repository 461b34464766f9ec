//! Who sees what: imports, exports, globals, dynamic modules.

#![allow(
    clippy::unwrap_used,
    reason = "a wiring that fails here is a failed test"
)]

mod common;

use std::any::TypeId;
use std::sync::Arc;

use common::{codes, container};
use nestrs_di::{Code, DynamicModule, Key, Module, Provider, injectable, module};

#[injectable]
struct Repo;

#[injectable]
struct Service(Arc<Repo>);

#[module(providers = [Repo, Service], exports = [Service])]
struct FeatureModule;

#[injectable]
struct Consumer {
    service: Arc<Service>,
}

#[tokio::test]
async fn an_exported_provider_brings_its_private_dependency() {
    #[module(imports = [FeatureModule], providers = [Consumer])]
    struct App;

    let app = container::<App>().await;
    let consumer = app.get::<Consumer>().unwrap();
    assert!(Arc::ptr_eq(
        &consumer.service.0,
        &app.get::<Repo>().unwrap()
    ));
    assert!(
        app.get_in(app.root(), Key::of::<Repo>()).is_none(),
        "private"
    );
    assert!(
        app.get_in(app.root(), Key::of::<Service>()).is_some(),
        "exported"
    );
}

#[tokio::test]
async fn a_module_imported_twice_is_one_module() {
    #[module(imports = [FeatureModule], exports = [FeatureModule])]
    struct Left;
    #[module(imports = [FeatureModule], exports = [FeatureModule])]
    struct Right;
    #[module(imports = [Left, Right, Left], providers = [Consumer])]
    struct App;

    assert_eq!(
        container::<App>()
            .await
            .instances(TypeId::of::<Service>())
            .count(),
        1
    );
}

#[test]
fn an_import_is_not_passed_on_unless_it_is_exported() {
    #[module(imports = [FeatureModule])]
    struct Between;
    #[module(imports = [Between], providers = [Consumer])]
    struct App;

    assert_eq!(codes::<App>(), [Code::Missing]);
}

#[test]
fn modules_may_import_each_other() {
    #[injectable]
    struct Egg;
    #[injectable]
    struct Hen(#[expect(dead_code)] Arc<Egg>);
    #[injectable]
    struct Nest(#[expect(dead_code)] Arc<Hen>);

    #[module(imports = [Hens], providers = [Egg, Nest], exports = [Egg])]
    struct Eggs;
    #[module(imports = [Eggs], providers = [Hen], exports = [Hen])]
    struct Hens;

    assert_eq!(codes::<Eggs>(), []);
}

#[test]
fn a_global_module_is_seen_without_an_import_but_only_what_it_exports() {
    #[module(providers = [Repo, Service], exports = [Service], global)]
    struct Shared;
    #[module(providers = [Consumer])]
    struct Other;
    #[module(imports = [Shared, Other])]
    struct App;
    assert_eq!(codes::<App>(), []);

    #[injectable]
    struct Curious(#[expect(dead_code)] Arc<Repo>);
    #[module(imports = [Shared], providers = [Curious])]
    struct CuriousApp;
    assert_eq!(codes::<CuriousApp>(), [Code::NotExported]);

    #[module(providers = [Repo, Service], exports = [Service], global = false)]
    struct NotShared;
    #[module(imports = [NotShared, Other])]
    struct OtherApp;
    assert_eq!(codes::<OtherApp>(), [Code::Missing]);
}

struct Url(&'static str);

#[injectable]
struct Client(Arc<Url>);

fn url(url: &'static str) -> DynamicModule {
    DynamicModule::builder("UrlModule")
        .provide(Provider::value(Url(url)))
        .export::<Url>()
        .build()
}

#[tokio::test]
async fn own_beats_imported_beats_global_whatever_the_order() {
    #[module(imports = [Everywhere], providers = [Client], exports = [Client])]
    struct FromGlobal;
    #[module(imports = [Everywhere, url("import")], providers = [Client], exports = [Client])]
    struct FromImport;
    #[module(imports = [url("import")], providers = [Client, Provider::value(Url("own"))])]
    struct FromOwn;
    #[module(providers = [Provider::value(Url("global"))], exports = [Url], global)]
    struct Everywhere;
    #[module(imports = [FromOwn, FromImport, FromGlobal])]
    struct App;

    let app = container::<App>().await;
    let clients = app
        .instances(TypeId::of::<Client>())
        .map(|client| client.downcast::<Client>().unwrap().0.0);
    assert_eq!(clients.collect::<Vec<_>>(), ["own", "import", "global"]);
    // The root module sees the global one; the others are out of its sight.
    assert_eq!(app.get::<Url>().unwrap().0, "global");
    // Two exported clients: the first import wins.
    assert_eq!(app.get::<Client>().unwrap().0.0, "import");
}

#[tokio::test]
async fn each_dynamic_module_is_one_of_its_own_and_its_clones_are_the_same() {
    struct App;
    impl Module for App {
        fn definition() -> nestrs_di::ModuleDefinition {
            let one = url("one");
            nestrs_di::ModuleDefinition::of::<Self>()
                .import(one.clone())
                .import(one)
                .import(url("two"))
        }
    }
    let app = container::<App>().await;
    assert_eq!(app.instances(TypeId::of::<Url>()).count(), 2);
}

#[tokio::test]
async fn a_dynamic_module_shows_one_name_of_a_type() {
    struct Secret;
    fn secrets() -> DynamicModule {
        DynamicModule::builder("Secrets")
            .provide(Provider::value(Secret))
            .provide_type::<Repo>()
            .export_key(Key::of::<Secret>())
            .build()
    }
    #[module(imports = [secrets()])]
    struct App;
    let app = container::<App>().await;
    assert!(app.get_in(app.root(), Key::of::<Secret>()).is_some());
    assert!(
        app.get_in(app.root(), Key::of::<Secret>().named("spare"))
            .is_none()
    );
    assert!(app.get_in(app.root(), Key::of::<Repo>()).is_none());
}

#[injectable(provided_in = "root")]
struct Bus;

#[tokio::test]
async fn what_is_provided_in_root_is_everywhere_and_once() {
    #[injectable]
    struct Publisher(Arc<Bus>);
    #[module(providers = [Publisher, Bus], exports = [Bus])]
    struct Feature;
    #[module(imports = [Feature])]
    struct App;

    let app = container::<App>().await;
    assert_eq!(app.instances(TypeId::of::<Bus>()).count(), 1);
    assert!(Arc::ptr_eq(
        &app.get::<Bus>().unwrap(),
        &app.get::<Publisher>().unwrap().0
    ));
}

#[tokio::test]
async fn two_applications_share_nothing() {
    #[module(imports = [FeatureModule])]
    struct One;
    #[module(imports = [FeatureModule])]
    struct Two;

    let (one, two) = (container::<One>().await, container::<Two>().await);
    assert!(!Arc::ptr_eq(
        &one.get::<Service>().unwrap(),
        &two.get::<Service>().unwrap()
    ));
    assert!(!Arc::ptr_eq(
        &one.get::<Bus>().unwrap(),
        &two.get::<Bus>().unwrap()
    ));
}

#[tokio::test]
async fn attachments_come_in_import_order() {
    #[module(imports = [DynamicModule::builder("Inner").attach(1_u8).attach("other").attach(2_u8).build()])]
    struct Outer;
    struct App;
    impl Module for App {
        fn definition() -> nestrs_di::ModuleDefinition {
            nestrs_di::ModuleDefinition::of::<Self>()
                .import(Outer)
                .attach(3_u8)
        }
    }
    let app = container::<App>().await;
    let found: Vec<_> = app
        .attachments::<u8>()
        .map(|(module, value)| (app.module_name(module), *value))
        .collect();
    assert_eq!(found, [("Inner", 1), ("Inner", 2), ("App", 3)]);
}

#[tokio::test]
async fn a_thousand_modules_deep() {
    fn nested(depth: usize) -> DynamicModule {
        (0..depth).fold(DynamicModule::builder("M").build(), |inner, _| {
            DynamicModule::builder("M").import(inner).build()
        })
    }
    #[module(imports = [nested(1_000)])]
    struct App;
    assert_eq!(container::<App>().await.root().index(), 1_001);
}

#[test]
fn listed_once_is_enough() {
    struct App;
    impl Module for App {
        fn definition() -> nestrs_di::ModuleDefinition {
            nestrs_di::ModuleDefinition::of::<Self>()
                .provide_type::<Repo>()
                .provide_type_once::<Repo>()
        }
    }
    assert_eq!(codes::<App>(), []);
}
