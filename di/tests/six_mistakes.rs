//! Six different mistakes in one application are six findings, and the change each of them names takes away that one alone.

use std::collections::HashSet;
use std::sync::Arc;

use nestrs_di::{Code, Finding, GraphError, Lazy, Module, injectable, module};

/// The application, with what is written in six places of it.
macro_rules! application {
    ($name:ident: [$($listed:ident)?] [$($exported:ident)?] [$back:ty] [$($again:ident)?] [$($ghost:ident)?] [$($scope:tt)*]) => {
        #[allow(dead_code, unused_imports)]
        mod $name {
            use super::*;

            #[injectable]
            struct Clock;
            #[injectable]
            struct Orders(Arc<Clock>, Arc<Repo>);
            #[injectable]
            struct Repo;
            #[module(providers = [Repo], exports = [$($exported)?])]
            struct Users;
            #[injectable]
            struct Chicken(Arc<Egg>);
            #[injectable]
            struct Egg($back);
            #[injectable]
            struct Mailer;
            #[injectable]
            struct Ghost;
            #[injectable(scope = "request")]
            struct Session;
            #[injectable($($scope)*)]
            struct Cart(Arc<Session>);
            #[module(
                imports = [Users],
                providers = [Orders, Chicken, Egg, Session, Cart, $($listed,)? Mailer, $($again)?],
                exports = [Orders, $($ghost)?],
            )]
            pub(super) struct App;
        }
    };
}

application!(broken: [] [] [Arc<Chicken>] [Mailer] [Ghost] []);
application!(listed: [Clock] [] [Arc<Chicken>] [Mailer] [Ghost] []);
application!(exported: [] [Repo] [Arc<Chicken>] [Mailer] [Ghost] []);
application!(lazy: [] [] [Lazy<Chicken>] [Mailer] [Ghost] []);
application!(once: [] [] [Arc<Chicken>] [] [Ghost] []);
application!(removed: [] [] [Arc<Chicken>] [Mailer] [] []);
application!(inherited: [] [] [Arc<Chicken>] [Mailer] [Ghost] [scope = "inherit"]);
application!(mended: [Clock] [Repo] [Lazy<Chicken>] [] [] [scope = "inherit"]);

type Verify = fn() -> Result<(), GraphError>;

/// Each mistake, the change its finding names, and the application with that change.
const MISTAKES: [(Code, &str, Verify); 6] = [
    (
        Code::Missing,
        "add `Clock` to the providers of `App`",
        listed::App::verify,
    ),
    (
        Code::NotExported,
        "add `exports = [Repo]` to `Users`",
        exported::App::verify,
    ),
    (Code::Cycle, "`Lazy<Chicken>`", lazy::App::verify),
    (
        Code::Duplicate,
        "remove one of the two from the providers of `App`",
        once::App::verify,
    ),
    (
        Code::UnknownExport,
        "or remove it from its exports",
        removed::App::verify,
    ),
    (
        Code::Scope,
        "`#[injectable(scope = \"inherit\")]` on `Cart`",
        inherited::App::verify,
    ),
];

fn findings(verify: Verify) -> Vec<Finding> {
    let error = verify().err();
    error.map_or_else(Vec::new, |error| error.findings().to_vec())
}

fn codes(findings: &[Finding]) -> HashSet<Code> {
    findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn each_is_found_in_its_place_and_mended_by_its_fix() {
    let found = findings(broken::App::verify);
    assert_eq!(found.len(), 6);
    for (code, fix, mended) in MISTAKES {
        let Some(finding) = found.iter().find(|finding| finding.code == code) else {
            panic!("nothing says {code}")
        };
        assert!(finding.fix.contains(fix), "{finding}");
        let text = finding.to_string();
        assert!(text.contains("tests/six_mistakes.rs:"), "{text}");

        let left = findings(mended);
        assert_eq!(left.len(), 5, "{fix}");
        assert!(!codes(&left).contains(&code), "{fix}");
    }
}

#[test]
fn all_six_changes_make_it_whole() {
    assert!(findings(mended::App::verify).is_empty());
}
