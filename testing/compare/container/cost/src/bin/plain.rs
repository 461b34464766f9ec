//! The same types without a container.

use std::sync::Arc;

macro_rules! application {
    (modules { $($module:ident imports [$($import:ident [$($used:ident)*])*] exports [$($export:ident)*] providers {
        $($provider:ident [$($field:ident $dependency:ident)*])*
    })* } unused [$($unused:ident)*]) => {
        $($(
            pub struct $provider { $(pub $field: Arc<$dependency>),* }
        )*)*
    };
}

graph::thousand!(application);

fn main() {}
