//! What tests put in the place of traits, of several at once, and of what is missing.

#![allow(
    clippy::unwrap_used,
    reason = "a wiring that fails here is a failed test"
)]

use std::sync::Arc;

use nestrs_di::*;

#[injectable]
trait Payments: Send + Sync {
    fn name(&self) -> &'static str;
}

struct Account;

#[injectable(bind = dyn Payments)]
struct Card(#[expect(dead_code)] Arc<Account>);
impl Payments for Card {
    fn name(&self) -> &'static str {
        "card"
    }
}

#[injectable(bind = dyn Payments)]
struct Cash {
    #[inject(value = "cash")]
    name: &'static str,
}
impl Payments for Cash {
    fn name(&self) -> &'static str {
        self.name
    }
}

struct Free(&'static str);
impl Payments for Free {
    fn name(&self) -> &'static str {
        self.0
    }
}

#[injectable]
struct Till(Vec<Arc<dyn Payments>>);

#[module(providers = [Cash, Card, Till])]
struct TillModule;

fn names(till: &Till) -> Vec<&'static str> {
    till.0.iter().map(|payments| payments.name()).collect()
}

#[tokio::test]
async fn one_stands_in_for_all_that_are_bound_to_a_trait_and_what_they_needed_may_be_missing() {
    assert!(TillModule::verify().is_err());
    let free = Arc::new(Free("free"));
    let graph = Graph::builder::<TillModule>()
        .replace(Provider::shared_as::<dyn Payments, _>(Arc::clone(&free)))
        .build()
        .unwrap();
    let app = graph.construct().await.unwrap();
    assert_eq!(names(&app.get::<Till>().unwrap()), ["free"]);
    assert!(!app.contains::<Card>());
    drop(app);
    assert_eq!(Arc::strong_count(&free), 1);
}

#[tokio::test]
async fn what_is_bound_to_a_trait_still_is_when_it_is_replaced() {
    let other = Provider::value(Cash { name: "euros" });
    let graph = Graph::builder::<TillModule>()
        .replace(other)
        .replace(Provider::factory_as::<Card, _, _>(|| async {
            Ok::<_, std::io::Error>(Card(Arc::new(Account)))
        }))
        .build()
        .unwrap();
    let app = graph.construct().await.unwrap();
    assert_eq!(names(&app.get::<Till>().unwrap()), ["euros", "card"]);
}

#[tokio::test]
async fn each_module_gets_a_class_of_its_own_which_sees_what_the_module_sees() {
    struct Label(&'static str);
    #[injectable]
    struct Labelled(Arc<Label>);
    impl Payments for Labelled {
        fn name(&self) -> &'static str {
            self.0.0
        }
    }
    #[injectable]
    struct One(Arc<dyn Payments>);
    #[injectable]
    struct Other(Arc<dyn Payments>);
    #[module(providers = [Card, One, Provider::value(Label("one"))], exports = [One])]
    struct OneModule;
    #[module(providers = [Card, Other, Provider::value(Label("other"))], exports = [Other])]
    struct OtherModule;
    #[module(imports = [OneModule, OtherModule])]
    struct App;
    let graph = Graph::builder::<App>()
        .replace(Provider::class::<dyn Payments, Labelled>())
        .build()
        .unwrap();
    let app = graph.construct().await.unwrap();
    let (one, other) = (app.get::<One>().unwrap(), app.get::<Other>().unwrap());
    assert_eq!((one.0.name(), other.0.name()), ("one", "other"));
}

#[tokio::test]
async fn another_type_takes_the_place_of_what_is_provided_shown_or_mentioned() {
    struct InPlace(&'static str);
    #[derive(Clone, Copy)]
    struct Mentioned;
    struct Mentions;
    impl Module for Mentions {
        fn definition() -> ModuleDefinition {
            ModuleDefinition::of::<Self>()
                .mention(Key::of::<Mentioned>())
                .mention(Key::of::<Mentioned>())
        }
    }
    #[module(imports = [TillModule, Mentions])]
    struct App;
    let view = || Provider::shared_as::<dyn Payments, _>(Arc::new(Free("free")));
    let graph = Graph::builder::<App>()
        .replace_key(
            Key::of::<Card>(),
            Provider::value(InPlace("card")),
            vec![view()],
        )
        .replace_key(Key::of::<Card>(), Provider::value('c'), Vec::new())
        .replace_key(Key::of::<Mentioned>(), Provider::value(7_u32), Vec::new())
        .build()
        .unwrap();
    let app = graph.construct().await.unwrap();
    assert_eq!(names(&app.get::<Till>().unwrap()), ["cash", "free"]);
    assert_eq!(app.get::<InPlace>().unwrap().0, "card");
    assert_eq!(*app.get::<char>().unwrap(), 'c');
    assert_eq!(*app.get::<u32>().unwrap(), 7);
}

#[tokio::test]
async fn decorators_go_around_each_other_and_around_what_is_replaced() {
    #[module(providers = [Provider::value(1_u32), Provider::value(10_u32).named("ten")])]
    struct App;
    let graph = Graph::builder::<App>()
        .replace(Provider::value(2_u32))
        .decorate(None, |number: &u32| number * 10)
        .decorate(None, |number: &u32| number + 1)
        .decorate(Some("ten"), |number: &u32| number + 2)
        .build()
        .unwrap();
    let app = graph.construct().await.unwrap();
    assert_eq!(*app.get::<u32>().unwrap(), 21);
    assert_eq!(*app.get_named::<u32>("ten").unwrap(), 12);
}

#[tokio::test]
async fn what_is_missing_is_mocked_and_what_mocks_need_too() {
    #[injectable]
    struct Report(Arc<String>, #[inject("title")] Arc<u8>, Option<Arc<u16>>);
    #[module(providers = [Report])]
    struct App;
    let mocker = |key: Key| match key {
        key if key == Key::of::<String>() => {
            Some(Provider::factory(|length: Arc<usize>| async move {
                Ok::<_, std::io::Error>("x".repeat(*length))
            }))
        }
        key if key == Key::of::<usize>() => Some(Provider::value(3_usize)),
        key if key == Key::of::<u8>().named("title") => Some(Provider::value(8_u8)),
        key => panic!("nobody misses `{key}`"),
    };
    let graph = Graph::builder::<App>()
        .mock_missing(mocker)
        .build()
        .unwrap();
    let app = graph.construct().await.unwrap();
    let Report(text, title, optional) = &*app.get::<Report>().unwrap();
    assert_eq!(
        (text.as_str(), **title, optional.is_none()),
        ("xxx", 8, true)
    );
}

#[test]
fn a_mocker_hides_no_other_mistake() {
    #[module(providers = [Provider::value(7_u32)])]
    struct Hidden;
    #[injectable]
    struct Report(#[expect(dead_code)] Arc<u32>, #[expect(dead_code)] Arc<u8>);
    #[module(imports = [Hidden], providers = [Report])]
    struct App;
    let mocker = |key: Key| (key == Key::of::<u8>()).then(|| Provider::value(8_u64));
    let error = Graph::builder::<App>()
        .mock_missing(mocker)
        .build()
        .unwrap_err();
    let codes: Vec<_> = error
        .findings()
        .iter()
        .map(|finding| finding.code)
        .collect();
    assert_eq!(
        codes,
        [Code::WrongObject, Code::NotExported, Code::Missing],
        "{error}"
    );
    assert!(
        error
            .to_string()
            .contains("for `u8` the mocker provides `u64`"),
        "{error}"
    );
}

#[test]
fn what_is_not_there_is_not_replaced_and_its_neighbours_are_named() {
    struct Carb;
    #[module(imports = [TillModule], providers = [
        Provider::value(Account),
        Provider::value(1_u32).named("one"),
        Provider::value(2_u32).named("two"),
    ])]
    struct App;
    #[module]
    struct TilModule;
    let (_, findings) = Graph::builder::<App>()
        .replace(Provider::value(Carb))
        .replace(Provider::value(3_u32).named("three"))
        .replace_module::<TilModule>(TilModule)
        .check();
    let fixes: Vec<_> = findings
        .iter()
        .filter(|finding| finding.code == Code::UnknownReplacement)
        .map(|finding| finding.fix.as_str())
        .collect();
    assert_eq!(
        fixes,
        [
            "replace a type and name that a module provides; did you mean `Card`?",
            "replace a type and name that a module provides; did you mean `u32 \"one\"` or `u32 \"two\"`?",
            "replace a module that is imported; did you mean `TillModule`?",
        ]
    );
}

#[test]
fn a_module_with_options_is_replaced_by_its_type() {
    struct Port(#[expect(dead_code)] u16);
    #[injectable]
    struct Server(
        #[expect(dead_code)] Arc<Port>,
        #[expect(dead_code)] Arc<Account>,
    );
    #[module(providers = [Server], exports = [Server])]
    struct ServerModule;
    impl ConfigurableModule for ServerModule {
        type Options = Port;
    }
    #[injectable]
    struct Page(#[expect(dead_code)] Arc<Server>);
    #[module(imports = [ServerModule::for_root(Port(80))], providers = [Page])]
    struct App;
    #[module(providers = [Server, Provider::value(Port(0)), Provider::value(Account)], exports = [Server])]
    struct FakeModule;
    assert!(App::verify().is_err());
    let graph = Graph::builder::<App>().replace_module::<ServerModule>(FakeModule);
    graph.build().unwrap();
}
