//! Modules that take options.

use crate::dynamic::{DynamicModule, DynamicModuleBuilder};
use crate::factory::FactoryFn;
use crate::module::Module;
use crate::provider::Provider;

/// A module that is imported with options, which its providers can inject.
///
/// ```
/// use nestrs_di::{ConfigurableModule, Graph, Provider, injectable, module};
/// use std::sync::Arc;
///
/// struct MailOptions { from: String }
///
/// #[injectable]
/// struct Mailer { options: Arc<MailOptions> }
///
/// #[module(providers = [Mailer], exports = [Mailer])]
/// struct MailModule;
///
/// impl ConfigurableModule for MailModule {
///     type Options = MailOptions;
/// }
///
/// #[module(providers = [Provider::value(String::from("shop@example.com"))], exports = [String])]
/// struct ConfigModule;
///
/// #[module(imports = [
///     MailModule::for_root_async(|from: Arc<String>| async move {
///         Ok::<_, std::io::Error>(MailOptions { from: from.to_string() })
///     })
///     .import(ConfigModule),
/// ])]
/// struct AppModule;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
/// assert_eq!(container.get::<Mailer>().unwrap().options.from, "shop@example.com");
/// # }
/// ```
pub trait ConfigurableModule: Module {
    /// What it is configured with.
    type Options: Send + Sync + 'static;

    /// The module with these options.
    ///
    /// ```
    /// # use nestrs_di::{ConfigurableModule, module};
    /// # #[module] struct MailModule;
    /// # impl ConfigurableModule for MailModule { type Options = String; }
    /// #[module(imports = [MailModule::for_root(String::from("shop@example.com")).global(true)])]
    /// struct AppModule;
    /// ```
    #[track_caller]
    fn for_root(options: Self::Options) -> DynamicModuleBuilder {
        DynamicModule::from_module::<Self>().provide(Provider::value(options))
    }

    /// The module with the options a factory makes: see [`Provider::factory`]. What the factory asks for comes from what is imported
    /// here.
    #[track_caller]
    fn for_root_async<F, Args>(factory: F) -> DynamicModuleBuilder
    where
        F: FactoryFn<Args, Value = Self::Options>,
    {
        DynamicModule::from_module::<Self>().provide(Provider::factory(factory))
    }
}
