//! Each finding names a change that mends the wiring: here it is, applied.

use std::sync::Arc;

use nestrs_di::{Code, Lazy, Module, injectable, module};

/// The one finding of a broken application: its code and its fix.
fn the_finding<M: Module>() -> (Code, String) {
    let Err(error) = M::verify() else {
        panic!("nothing is wrong")
    };
    let [finding] = error.findings() else {
        panic!("{error}")
    };
    assert!(
        !finding.sites.is_empty()
            && finding
                .sites
                .iter()
                .all(|site| site.at.file().ends_with("fixes.rs")),
        "{error}"
    );
    // The place is the reader's to look at, not part of what to write.
    let fix = finding.fix.split(" (").next().unwrap_or_default();
    (finding.code, fix.to_owned())
}

macro_rules! mistake {
    ($test:ident: $code:ident, $fix:literal, { $($common:item)* } { $($broken:item)* } => { $($mended:item)* }) => {
        #[test]
        fn $test() {
            #[allow(unused_imports)]
            mod broken {
                use super::*;
                $($common)*
                $($broken)*
            }
            #[allow(unused_imports)]
            mod mended {
                use super::*;
                $($common)*
                $($mended)*
            }
            assert_eq!(the_finding::<broken::App>(), (Code::$code, $fix.to_owned()));
            if let Err(error) = mended::App::verify() {
                panic!("{error}");
            }
        }
    };
}

mistake!(listed_nowhere: Missing, "add `Repo` to the providers of `App`", {
    #[injectable]
    pub(super) struct Repo;
    #[injectable]
    pub(super) struct Service(#[expect(dead_code)] Arc<Repo>);
} {
    #[module(providers = [Service])]
    pub(super) struct App;
} => {
    #[module(providers = [Service, Repo])]
    pub(super) struct App;
});

mistake!(only_under_a_name: Missing, "write `#[inject(\"main\")]` in front of it, or provide `Repo` in `App`", {
    #[injectable]
    pub(super) struct Repo;
    #[module(providers = [Service, nestrs_di::Provider::of::<Repo>().named("main")])]
    pub(super) struct App;
} {
    #[injectable]
    pub(super) struct Service(#[expect(dead_code)] Arc<Repo>);
} => {
    #[injectable]
    pub(super) struct Service(#[expect(dead_code)] #[inject("main")] Arc<Repo>);
});

mistake!(only_without_a_name: Missing, "leave the name out, or provide `Repo \"main\"` in `App`", {
    #[injectable]
    pub(super) struct Repo;
    #[module(providers = [Service, Repo])]
    pub(super) struct App;
} {
    #[injectable]
    pub(super) struct Service(#[expect(dead_code)] #[inject("main")] Arc<Repo>);
} => {
    #[injectable]
    pub(super) struct Service(#[expect(dead_code)] Arc<Repo>);
});

mistake!(private: NotExported, "add `exports = [Repo]` to `Repos`", {
    #[injectable]
    pub(super) struct Repo;
    #[injectable]
    pub(super) struct Service(#[expect(dead_code)] Arc<Repo>);
    #[module(imports = [Repos], providers = [Service])]
    pub(super) struct App;
} {
    #[module(providers = [Repo])]
    pub(super) struct Repos;
} => {
    #[module(providers = [Repo], exports = [Repo])]
    pub(super) struct Repos;
});

mistake!(not_imported: Missing, "add `imports = [Repos]` to `Services`", {
    #[injectable]
    pub(super) struct Repo;
    #[injectable]
    pub(super) struct Service(#[expect(dead_code)] Arc<Repo>);
    #[module(providers = [Repo], exports = [Repo])]
    pub(super) struct Repos;
    #[module(imports = [Repos, Services])]
    pub(super) struct App;
} {
    #[module(providers = [Service])]
    pub(super) struct Services;
} => {
    #[module(imports = [Repos], providers = [Service])]
    pub(super) struct Services;
});

mistake!(
    circle: Cycle,
    "let one of them look the other up when it is used: `Lazy<Hen>`; or move what both need into a provider of its own",
    {
        #[injectable]
        pub(super) struct Hen(#[expect(dead_code)] Arc<Egg>);
        #[module(providers = [Hen, Egg])]
        pub(super) struct App;
    } {
        #[injectable]
        pub(super) struct Egg(#[expect(dead_code)] Arc<Hen>);
    } => {
        #[injectable]
        pub(super) struct Egg(#[expect(dead_code)] Lazy<Hen>);
    }
);

mistake!(
    captive: Scope,
    "`#[injectable(scope = \"inherit\")]` on `Orders` gives each request its own; or make `User` a singleton",
    {
        #[injectable(scope = "request")]
        pub(super) struct User;
        #[module(providers = [User, Orders])]
        pub(super) struct App;
    } {
        #[injectable]
        pub(super) struct Orders(#[expect(dead_code)] Arc<User>);
    } => {
        #[injectable(scope = "inherit")]
        pub(super) struct Orders(#[expect(dead_code)] Arc<User>);
    }
);

mistake!(export_of_what_is_private: UnknownExport, "add `exports = [Repo]` to `Repos`, and export that: `exports = [Repos]` in `App`", {
    #[injectable]
    struct Repo;
} {
    #[module(providers = [Repo])]
    struct Repos;
    #[module(imports = [Repos], exports = [Repo])]
    pub(super) struct App;
} => {
    #[module(providers = [Repo], exports = [Repo])]
    struct Repos;
    #[module(imports = [Repos], exports = [Repos])]
    pub(super) struct App;
});

mistake!(unknown_export: UnknownExport, "add `Repo` to the providers of `App`, or remove it from its exports", {
    #[injectable]
    pub(super) struct Repo;
} {
    #[module(exports = [Repo])]
    pub(super) struct App;
} => {
    #[module(providers = [Repo], exports = [Repo])]
    pub(super) struct App;
});

mistake!(twice: Duplicate, "remove one of the two from the providers of `App`, or give one a name", {
    #[injectable]
    pub(super) struct Repo;
} {
    #[module(providers = [Repo, Repo])]
    pub(super) struct App;
} => {
    #[module(providers = [Repo, nestrs_di::Provider::of::<Repo>().named("second")])]
    pub(super) struct App;
});

mistake!(
    unbound: Missing,
    "bind what implements it: `#[injectable(bind = dyn Payments)]` on the type, or `Provider::bind::<dyn Payments, …>()` in `App`",
    {
        #[injectable]
        pub(super) trait Payments: Send + Sync {}
        impl Payments for Cash {}
        #[injectable]
        pub(super) struct Till(#[expect(dead_code)] Arc<dyn Payments>);
        #[module(providers = [Till, Cash])]
        pub(super) struct App;
    } {
        #[injectable]
        pub(super) struct Cash;
    } => {
        #[injectable(bind = dyn Payments)]
        pub(super) struct Cash;
    }
);

mistake!(
    ambiguous: Ambiguous,
    "ask for all: `Vec<Arc<u8>>`; or list each by a name, `Provider::of::<…>().named(\"…\")`, and ask for one: `#[inject(\"…\")]`",
    {
        #[module(providers = [
            Till,
            nestrs_di::Provider::value(1_u8).multi(),
            nestrs_di::Provider::value(2_u8).multi(),
        ])]
        pub(super) struct App;
    } {
        #[injectable]
        pub(super) struct Till(#[expect(dead_code)] Arc<u8>);
    } => {
        #[injectable]
        pub(super) struct Till(#[expect(dead_code)] Vec<Arc<u8>>);
    }
);
