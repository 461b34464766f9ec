//! The application as a user of nestrs-di writes it.

macro_rules! application {
    (modules { $($module:ident imports [$($import:ident [$($used:ident)*])*] exports [$($export:ident)*] providers {
        $($provider:ident [$($field:ident $dependency:ident)*])*
    })* } unused [$($unused:ident)*]) => {
        $($(
            #[nestrs_di::injectable]
            pub struct $provider { $(pub $field: std::sync::Arc<$dependency>),* }
        )*)*

        $(
            #[nestrs_di::module(imports = [$($import),*], providers = [$($provider),*], exports = [$($export),*])]
            pub struct $module;
        )*

        #[nestrs_di::module(imports = [$($module),*])]
        pub struct AppModule;

        pub fn check() -> nestrs_di::Graph {
            nestrs_di::Graph::of::<AppModule>().expect("the wiring is right")
        }

        pub fn construct(graph: nestrs_di::Graph) -> nestrs_di::Container {
            rows::at_once(graph.construct()).expect("no constructor fails")
        }

        #[inline]
        pub fn resolve<T: Send + Sync + 'static>(container: &nestrs_di::Container) -> std::sync::Arc<T> {
            container.get().expect("it is provided")
        }

        #[allow(dead_code)]
        pub fn resolve_each(container: &nestrs_di::Container) {
            $($(std::hint::black_box(resolve::<$provider>(container));)*)*
        }
    };
}
