//! The application as a user of nject writes it: what is shared is a field of the provider.

macro_rules! application {
    (modules { $($module:ident imports [$($import:ident [$($used:ident)*])*] exports [$($export:ident)*] providers {
        $($provider:ident [$($field:ident $dependency:ident)*])*
    })* } unused [$($unused:ident)*]) => {
        use std::sync::Arc;

        $($(
            pub struct $provider { $(pub $field: Arc<$dependency>),* }
        )*)*

        #[nject::provider]
        #[allow(non_snake_case)]
        pub struct Application {
            $($(
                #[provide(Arc<$provider>, |shared| shared.clone())]
                $provider: Arc<$provider>,
            )*)*
        }

        /// One fills the fields oneself: there is nothing of nject's to measure here.
        #[allow(non_snake_case)]
        pub fn build() -> Application {
            $($(let $provider = Arc::new($provider { $($field: Arc::clone(&$dependency)),* });)*)*
            Application { $($($provider),*),* }
        }

        #[inline]
        pub fn resolve<'a, T>(application: &'a Application) -> Arc<T>
        where
            Application: nject::Provider<'a, Arc<T>>,
        {
            nject::Provider::provide(application)
        }

        pub fn resolve_each(application: &Application) {
            $($(std::hint::black_box(resolve::<$provider>(application));)*)*
        }
    };
}
