//! [`NestFactory`]: where an application begins.

/// Makes applications.
///
/// See [`create_microservice`](Self::create_microservice).
#[derive(Debug, Clone, Copy)]
pub struct NestFactory;

#[cfg(feature = "microservices")]
impl NestFactory {
    /// An application that answers messages, described by its root module and
    /// the options of its server. Nothing happens until it is told to
    /// [`listen`](crate::MicroserviceApplication::listen).
    ///
    /// ```
    /// use nestrs::microservices::TcpMicroserviceOptions;
    /// use nestrs::prelude::*;
    ///
    /// #[module]
    /// struct AppModule;
    ///
    /// let app = NestFactory::create_microservice::<AppModule>(TcpMicroserviceOptions::default());
    /// # drop(app);
    /// ```
    pub fn create_microservice<M: nestrs_di::Module>(
        server: impl nestrs_core::TransportServer,
    ) -> crate::MicroserviceApplication {
        crate::MicroserviceApplication::new::<M>(Box::new(server))
    }
}
