//! What can be injected, and what can be provided.

#![allow(
    clippy::unwrap_used,
    reason = "a wiring that fails here is a failed test"
)]

mod common;

use std::sync::Arc;

use common::{codes, container};
use nestrs_di::*;

#[injectable]
trait Payments: Send + Sync {
    fn name(&self) -> String;
}

#[injectable]
struct Stripe;
impl Payments for Stripe {
    fn name(&self) -> String {
        "stripe".into()
    }
}

struct Bank(String);
#[injectable]
impl Bank {
    #[constructor]
    async fn open(#[inject("iban")] iban: Arc<String>) -> Result<Self, std::io::Error> {
        tokio::task::yield_now().await;
        Ok(Self(iban.to_string()))
    }
}
impl Payments for Bank {
    fn name(&self) -> String {
        self.0.clone()
    }
}

#[injectable(bind = [dyn Payments, dyn std::fmt::Debug + Send + Sync])]
#[derive(Debug)]
struct Cash;
impl Payments for Cash {
    fn name(&self) -> String {
        "cash".into()
    }
}

#[injectable]
struct Shop {
    payments: Vec<Arc<dyn Payments>>,
    missing: Option<Arc<u8>>,
    present: Option<Arc<Stripe>>,
    #[inject(default)]
    orders: Vec<u32>,
    #[inject(value = 3 + 4)]
    seats: usize,
}

#[tokio::test]
async fn one_trait_has_several_implementations_in_the_order_they_are_listed() {
    #[module(providers = [
        Shop,
        Provider::bind::<dyn Payments, Bank>(),
        Stripe,
        Bank,
        Provider::value(String::from("DE02")).named("iban"),
        Provider::bind::<dyn Payments, Stripe>(),
        Cash,
    ])]
    struct App;
    let app = container::<App>().await;
    let shop = app.get::<Shop>().unwrap();
    assert_eq!(
        shop.payments.iter().map(|it| it.name()).collect::<Vec<_>>(),
        ["DE02", "stripe", "cash"]
    );
    assert!(shop.missing.is_none());
    assert!(Arc::ptr_eq(
        shop.present.as_ref().unwrap(),
        &app.get::<Stripe>().unwrap()
    ));
    assert_eq!((shop.orders.len(), shop.seats), (0, 7));
}

#[injectable]
struct Till {
    payments: Arc<dyn Payments>,
}

#[tokio::test]
async fn one_of_several_is_ambiguous_and_one_of_one_is_not() {
    #[module(providers = [Till, Cash])]
    struct One;
    let app = container::<One>().await;
    assert_eq!(app.get::<Till>().unwrap().payments.name(), "cash");

    #[module(providers = [Till, Cash, Stripe, Provider::bind::<dyn Payments, Stripe>()])]
    struct Two;
    assert_eq!(codes::<Two>(), [Code::Ambiguous]);
}

#[test]
fn implementations_of_several_imports_are_ambiguous_too_unless_one_is_nearer() {
    #[module(providers = [Cash], exports = [dyn Payments])]
    struct CashModule;
    #[module(providers = [Stripe, Provider::bind::<dyn Payments, Stripe>()], exports = [dyn Payments])]
    struct StripeModule;
    #[module(imports = [CashModule, StripeModule], providers = [Till])]
    struct Both;
    assert_eq!(codes::<Both>(), [Code::Ambiguous]);

    #[module(imports = [StripeModule], providers = [Till, Cash])]
    struct Own;
    assert_eq!(codes::<Own>(), []);
}

#[tokio::test]
async fn a_binding_shows_the_instance_and_a_class_has_its_own() {
    #[injectable]
    struct Both {
        bound: Arc<dyn Payments>,
        #[inject("own")]
        own: Arc<dyn Payments>,
    }
    #[module(providers = [
        Both,
        Stripe,
        Provider::bind::<dyn Payments, Stripe>(),
        Provider::class::<dyn Payments, Stripe>().named("own"),
    ])]
    struct App;
    let app = container::<App>().await;
    let both = app.get::<Both>().unwrap();
    // A unit struct has no address of its own to compare, its reference counts do.
    let stripe = app.get::<Stripe>().unwrap();
    assert_eq!(both.bound.name(), both.own.name());
    assert_eq!(app.instances(std::any::TypeId::of::<Stripe>()).count(), 2);
    assert!(std::ptr::eq(
        Arc::as_ptr(&both.bound).cast::<()>(),
        Arc::as_ptr(&stripe).cast::<()>()
    ));
    assert!(!std::ptr::eq(
        Arc::as_ptr(&both.own).cast::<()>(),
        Arc::as_ptr(&stripe).cast::<()>()
    ));
}

#[tokio::test]
async fn a_name_is_another_provider() {
    #[injectable]
    struct Names {
        plain: Arc<String>,
        #[inject("audit")]
        audit: Arc<String>,
        #[inject("audit")]
        maybe: Option<Arc<String>>,
        #[inject("nobody")]
        nobody: Option<Arc<String>>,
    }
    #[module(providers = [
        Names,
        Provider::value(String::from("plain")),
        Provider::factory(|| async { Ok::<_, std::io::Error>(String::from("audit")) }).named("audit"),
    ])]
    struct App;
    let app = container::<App>().await;
    let names = app.get::<Names>().unwrap();
    assert_eq!(
        (names.plain.as_str(), names.audit.as_str()),
        ("plain", "audit")
    );
    assert!(Arc::ptr_eq(&names.audit, names.maybe.as_ref().unwrap()));
    assert!(names.nobody.is_none());

    #[injectable]
    struct Plain(#[expect(dead_code)] Arc<String>);
    #[module(providers = [Plain, Provider::value(String::new()).named("audit")])]
    struct OnlyNamed;
    let error = OnlyNamed::verify().unwrap_err().to_string();
    assert!(error.contains("`String \"audit\"` is provided"), "{error}");
}

#[tokio::test]
async fn two_sides_of_a_circle_when_one_is_lazy() {
    #[injectable]
    struct Hen {
        egg: Arc<Egg>,
    }
    #[injectable]
    struct Egg {
        hen: Lazy<Hen>,
    }
    #[module(providers = [Egg, Hen])]
    struct App;
    let app = container::<App>().await;
    let hen = app.get::<Hen>().unwrap();
    assert!(Arc::ptr_eq(&hen, &hen.egg.hen.get()));

    let egg = Arc::clone(&hen.egg);
    drop((app, hen));
    assert!(egg.hen.try_get().is_none(), "a circle keeps nothing alive");
}

#[tokio::test]
async fn a_factory_takes_whatever_can_be_injected_and_its_error_is_reported() {
    struct Total(usize);
    #[module(providers = [
        Cash,
        Provider::value(5_u32),
        Provider::factory(|five: Arc<u32>, all: Vec<Arc<dyn Payments>>, none: Option<Arc<u8>>, me: ModuleRef| async move {
            assert!(none.is_none());
            me.get::<Cash>().map(|_| Total(*five as usize + all.len()))
        }),
    ])]
    struct App;
    assert_eq!(container::<App>().await.get::<Total>().unwrap().0, 6);

    #[module(providers = [Provider::factory(|| async { "x".parse::<u32>() })])]
    struct Fails;
    let error = Graph::of::<Fails>().unwrap().construct().await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the constructor of `u32` failed: invalid digit"),
        "{error}"
    );
    assert!(
        error.to_string().contains("tests/injectables.rs:"),
        "{error}"
    );
}

#[tokio::test]
async fn an_object_stands_for_its_trait() {
    #[module(providers = [Till, Provider::object::<dyn Payments>(Arc::new(Bank("object".into())))])]
    struct App;
    assert_eq!(
        container::<App>()
            .await
            .get::<Till>()
            .unwrap()
            .payments
            .name(),
        "object"
    );
}

#[test]
fn send_and_sync_make_another_type_and_the_finding_says_so() {
    #[injectable]
    struct Other(#[expect(dead_code)] Arc<dyn Payments + Send + Sync>);
    #[module(providers = [Other, Cash])]
    struct App;
    let error = App::verify().unwrap_err().to_string();
    assert!(error.contains("error[DI007]: `Other` needs `dyn Payments + Send + Sync`, and `dyn Payments` is provided"), "{error}");

    #[injectable]
    struct Unbound(#[expect(dead_code)] Arc<dyn Payments>);
    #[module(providers = [Unbound, Stripe])]
    struct UnboundApp;
    assert_eq!(codes::<UnboundApp>(), [Code::Missing]);
}
