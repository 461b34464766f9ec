//! The application as a user of rudi writes it: modules of singletons that hand out clones, all built with the context.

macro_rules! application {
    (modules { $($module:ident imports [$($import:ident [$($used:ident)*])*] exports [$($export:ident)*] providers {
        $($provider:ident [$($field:ident $dependency:ident)*])*
    })* } unused [$($unused:ident)*]) => {
        use std::sync::Arc;

        $($(
            pub struct $provider { $(pub $field: Arc<$dependency>),* }
        )*)*

        /// rudi's attribute makes a type of each function, which stands for the provider in lists.
        #[allow(non_snake_case)]
        mod provide {
            use super::Arc;
            $($(
                #[rudi::Singleton]
                pub fn $provider($($field: Arc<super::$dependency>),*) -> Arc<super::$provider> {
                    Arc::new(super::$provider { $($field),* })
                }
            )*)*
        }

        $(
            pub struct $module;

            impl rudi::Module for $module {
                fn providers() -> Vec<rudi::DynProvider> {
                    rudi::components![$(provide::$provider),*]
                }
            }
        )*

        pub struct AppModule;

        impl rudi::Module for AppModule {
            fn submodules() -> Option<Vec<rudi::ResolveModule>> {
                Some(rudi::modules![$($module),*])
            }

            fn providers() -> Vec<rudi::DynProvider> {
                Vec::new()
            }
        }

        pub fn build() -> rudi::Context {
            rudi::Context::options().eager_create(true).create(rudi::modules![AppModule])
        }

        #[inline]
        pub fn resolve<T: 'static>(context: &rudi::Context) -> Arc<T> {
            Arc::clone(context.get_single::<Arc<T>>())
        }

        #[allow(dead_code)]
        pub fn resolve_each(context: &rudi::Context) {
            $($(std::hint::black_box(resolve::<$provider>(context));)*)*
        }
    };
}
