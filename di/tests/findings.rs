//! What a broken application is told, to the letter.

use std::sync::Arc;

use nestrs_di::{Module, injectable, module};

#[injectable]
struct Billing {
    #[expect(dead_code)]
    repo: Arc<users::UsersRepo>,
    #[expect(dead_code)]
    clock: Arc<Clock>,
}

#[injectable]
struct Unlisted;

struct Clock;

struct Clok;

mod users {
    #[nestrs_di::injectable]
    pub(super) struct UsersRepo;

    #[nestrs_di::injectable]
    pub(super) struct UsersService;

    #[nestrs_di::module(providers = [UsersRepo, UsersService], exports = [UsersService])]
    pub(super) struct UsersModule;
}

#[injectable]
struct Chicken(#[expect(dead_code)] Arc<Egg>);

#[injectable]
struct Egg {
    #[expect(dead_code)]
    from: Arc<Chicken>,
}

#[injectable]
struct Farm(
    #[expect(dead_code)] Arc<Chicken>,
    #[expect(dead_code)] Arc<Unlisted>,
);

#[injectable]
struct Stranger(
    #[expect(dead_code)] Arc<users::UsersService>,
    #[expect(dead_code)] Arc<u64>,
);

#[module(providers = [Stranger])]
struct StrangerModule;

#[module(
    imports = [users::UsersModule, StrangerModule],
    providers = [Billing, nestrs_di::Provider::value(Clok), Farm, Chicken, Egg, Farm],
    exports = [Unlisted, users::UsersService],
)]
struct AppModule;

#[test]
fn everything_is_reported_at_once_with_place_and_fix() {
    let report = AppModule::verify().unwrap_err().to_string();
    let golden = include_str!("findings.txt");
    if std::env::var_os("BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/findings.txt");
        std::fs::write(path, format!("{report}\n")).unwrap();
        return;
    }
    assert_eq!(
        report,
        golden.trim_end(),
        "to accept it: BLESS=1 cargo test"
    );
}

#[test]
fn a_dependency_on_a_circle_is_not_part_of_it() {
    #[injectable]
    struct Me(#[expect(dead_code)] Arc<Me>);
    #[injectable]
    struct Onlooker(#[expect(dead_code)] Arc<Me>);
    #[module(providers = [Onlooker, Me])]
    struct App;

    let error = App::verify().unwrap_err();
    let [finding] = error.findings() else {
        panic!("{error}")
    };
    assert_eq!(finding.message, "`Me` depends on itself: Me > Me");
    assert_eq!(finding.path, ["App", "Me", "Me"]);
    assert_eq!(finding.sites.len(), 1);
}
