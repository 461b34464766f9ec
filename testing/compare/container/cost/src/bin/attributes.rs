//! A thousand providers, as their users write them.

use std::sync::Arc;

use nestrs_di::{Module, injectable, module};

macro_rules! application {
    (modules { $($module:ident imports [$($import:ident [$($used:ident)*])*] exports [$($export:ident)*] providers {
        $($provider:ident [$($field:ident $dependency:ident)*])*
    })* } unused [$($unused:ident)*]) => {
        $($(
            #[injectable]
            pub struct $provider { $(pub $field: Arc<$dependency>),* }
        )*)*

        $(
            #[module(imports = [$($import),*], providers = [$($provider),*], exports = [$($export),*])]
            pub struct $module;
        )*

        #[module(imports = [$($module),*])]
        pub struct AppModule;
    };
}

graph::thousand!(application);

fn main() {
    AppModule::verify().expect("the wiring is right");
}
