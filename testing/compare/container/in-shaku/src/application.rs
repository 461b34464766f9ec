//! The application as a user of shaku writes it: an interface and a component for each provider, and submodules for what is imported.
//! All thousand in one module keep rustc busy for longer than ten minutes, and with more memory than most machines have.

macro_rules! application {
    (modules { $($module:ident imports [$($import:ident [$($used:ident)*])*] exports [$($export:ident)*] providers {
        $($provider:ident [$($field:ident $dependency:ident)*])*
    })* } unused [$($unused:ident)*]) => {
        /// An interface has the name of its component.
        pub mod interface {
            $($(pub trait $provider: shaku::Interface {})*)*
        }

        $($(
            #[derive(shaku::Component)]
            #[shaku(interface = interface::$provider)]
            pub struct $provider {
                $(#[shaku(inject)] pub $field: std::sync::Arc<dyn interface::$dependency>),*
            }

            impl interface::$provider for $provider {}
        )*)*

        $(
            shaku::module! {
                pub $module {
                    components = [$($provider),*],
                    providers = [],
                    $(use $import {
                        components = [$(dyn interface::$used),*],
                        providers = []
                    }),*
                }
            }
        )*

        #[allow(non_snake_case)]
        pub struct Application {
            $(pub $module: std::sync::Arc<$module>),*
        }

        #[allow(non_snake_case)]
        pub fn build() -> Application {
            $(let $module = std::sync::Arc::new($module::builder($(std::sync::Arc::clone(&$import)),*).build());)*
            Application { $($module),* }
        }

        #[inline]
        pub fn resolve<M: shaku::HasComponent<T>, T: shaku::Interface + ?Sized>(module: &M) -> std::sync::Arc<T> {
            module.resolve()
        }

        #[allow(dead_code)]
        pub fn resolve_each(application: &Application) {
            $($(std::hint::black_box(resolve::<$module, dyn interface::$provider>(&application.$module));)*)*
        }
    };
}
