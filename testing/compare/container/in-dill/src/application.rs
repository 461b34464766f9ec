//! The application as a user of dill writes it: components registered one by one, validated, and each built when it is first asked for.

macro_rules! application {
    (modules { $($module:ident imports [$($import:ident [$($used:ident)*])*] exports [$($export:ident)*] providers {
        $($provider:ident [$($field:ident $dependency:ident)*])*
    })* } unused [$($unused:ident)*]) => {
        $($(
            #[dill::component]
            #[dill::scope(dill::Singleton)]
            pub struct $provider { $(pub $field: std::sync::Arc<$dependency>),* }
        )*)*

        pub fn check() -> dill::Catalog {
            let mut builder = dill::Catalog::builder();
            $($(builder.add::<$provider>();)*)*
            builder.validate().expect("the wiring is right");
            builder.build()
        }

        pub fn construct(catalog: dill::Catalog) -> dill::Catalog {
            $(resolve::<$unused>(&catalog);)*
            catalog
        }

        #[inline]
        pub fn resolve<T: Send + Sync + 'static>(catalog: &dill::Catalog) -> std::sync::Arc<T> {
            catalog.get_one().expect("it is registered")
        }

        #[allow(dead_code)]
        pub fn resolve_each(catalog: &dill::Catalog) {
            $($(std::hint::black_box(resolve::<$provider>(catalog));)*)*
        }
    };
}
