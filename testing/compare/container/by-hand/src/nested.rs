//! The constructors called one after another, as one writes them without a container.

/// A module is a function: it takes the modules it needs and returns all that it made.
macro_rules! nested {
    (modules { $($module:ident imports [$($import:ident [$($used:ident)*])*] exports [$($export:ident)*] providers {
        $($provider:ident [$($field:ident $dependency:ident)*])*
    })* } unused [$($unused:ident)*]) => {
        $($(
            pub struct $provider { $(pub $field: std::sync::Arc<$dependency>),* }
        )*)*

        #[allow(non_snake_case)]
        pub mod made {
            $(
                pub struct $module { $(pub $provider: std::sync::Arc<super::$provider>),* }
            )*

            pub struct Application { $(pub $module: $module),* }
        }

        #[allow(non_snake_case)]
        pub mod make {
            use std::sync::Arc;

            use super::made;
            $(
                pub fn $module($($import: &made::$import),*) -> made::$module {
                    $($(let $used = &$import.$used;)*)*
                    $(let $provider = Arc::new(super::$provider { $($field: Arc::clone(&$dependency)),* });)*
                    made::$module { $($provider),* }
                }
            )*
        }

        #[allow(non_snake_case)]
        pub fn nested() -> made::Application {
            $(let $module = make::$module($(&$import),*);)*
            made::Application { $($module),* }
        }
    };
}
