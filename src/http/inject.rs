//! [`Inject`]: what the container has, as an axum extractor.

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use nestrs_di::{Key, RequestScope, ResolveError};
use nestrs_microservices::__protocol::Home;

use super::{HttpCtx, HttpException};

/// A provider as an axum extractor: `Inject(orders): Inject<OrdersService>`, or
/// `Inject<dyn Payments>`. In a controller it is what the controller's module
/// sees; in other routes of the application, what the root module sees. What is
/// of a request is made once a request.
///
/// What a controller's route asks for is checked before anything is
/// constructed, as the fields of its type are.
///
/// ```
/// use nestrs::axum::extract::Path;
/// use nestrs::prelude::*;
///
/// #[injectable]
/// struct Prices;
///
/// impl Prices {
///     fn of(&self, id: u32) -> String {
///         format!("{}.00", id * 10)
///     }
/// }
///
/// #[controller("/prices")]
/// struct PricesController;
///
/// #[routes]
/// impl PricesController {
///     #[get("/{id}")]
///     async fn find(&self, prices: Inject<Prices>, Path(id): Path<u32>) -> String {
///         prices.of(id)
///     }
/// }
///
/// #[module(controllers = [PricesController], providers = [Prices])]
/// struct AppModule;
///
/// AppModule::verify().unwrap();
/// ```
pub struct Inject<T: ?Sized>(pub Arc<T>);

/// Left on each request: where what it asks the container for comes from.
#[derive(Clone)]
pub(super) struct Injector(pub(super) Home);

impl<T: ?Sized + Send + Sync + 'static, S: Sync> FromRequestParts<S> for Inject<T> {
    type Rejection = HttpException;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpException> {
        let Some(Injector(home)) = parts.extensions.get::<Injector>() else {
            let why = format!(
                "`Inject<{}>` in a route that no nestrs application serves",
                type_name::<T>()
            );
            return Err(HttpException::internal(why));
        };
        let singleton = home.container.module_ref(home.module).get::<T>();
        match singleton {
            Err(ResolveError::NoSingleton(..)) => {
                let module = home.module;
                let scope = scope(parts)?;
                Ok(Self(scope.resolve_in(module).await?))
            }
            other => Ok(Self(other?)),
        }
    }
}

/// The scope of this request, opened if it has none yet.
fn scope(parts: &mut Parts) -> Result<RequestScope, HttpException> {
    let ctx = HttpCtx::new(parts.clone(), None);
    let Some(Injector(home)) = parts.extensions.get_mut::<Injector>() else {
        return Err(HttpException::internal("a request without a container"));
    };
    let open = || home.container.scope().supply(ctx);
    Ok(home.request.get_or_insert_with(open).clone())
}

impl<T: ?Sized> Deref for Inject<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Inject<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Inject").field(&self.0).finish()
    }
}

/// Finds out what a parameter of type `P` asks the container for: the constant
/// hides that of [`AsksNothing`] where it exists.
pub struct Asks<P>(PhantomData<P>);

impl<T: ?Sized + 'static> Asks<Inject<T>> {
    /// This.
    pub const KEY: Option<Key> = Some(Key::of::<T>());
}

/// See [`Asks`].
pub trait AsksNothing {
    /// Nothing.
    const KEY: Option<Key> = None;
}

impl<P> AsksNothing for Asks<P> {}
