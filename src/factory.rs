//! [`NestFactory`]: where an application begins.

use nestrs_di::Module;

use crate::ApplicationContext;

/// Makes applications.
///
/// | method | makes | with |
/// |---|---|---|
/// | `create_application_context` | one that serves nothing: the container and its hooks | |
/// | `create` | an application that serves HTTP | feature `http` |
/// | `create_microservice` | one that answers messages, and HTTP in hybrid mode | feature `microservices` |
/// | `create_microservice_grpc` | the same, over gRPC | feature `microservices-grpc` |
/// | `create_microservice_kafka` | the same, over Apache Kafka | feature `microservices-kafka` |
/// | `create_microservice_mqtt` | the same, over MQTT | feature `microservices-mqtt` |
/// | `create_microservice_nats` | the same, over NATS | feature `microservices-nats` |
/// | `create_microservice_rabbitmq` | the same, over RabbitMQ | feature `microservices-rabbitmq` |
/// | `create_microservice_redis` | the same, over Redis | feature `microservices-redis` |
#[derive(Debug, Clone, Copy)]
pub struct NestFactory;

impl NestFactory {
    /// An application without servers, started when it is awaited: for
    /// command-line tools, jobs and tests.
    ///
    /// ```
    /// use nestrs::prelude::*;
    ///
    /// #[injectable]
    /// struct Report;
    ///
    /// #[module(providers = [Report])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), nestrs::BootstrapError> {
    /// let app = NestFactory::create_application_context::<AppModule>().await?;
    /// let report = app.get::<Report>().expect("`AppModule` provides it");
    /// app.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Awaiting it is an error when the application cannot start; nothing of it
    /// is left behind then, nor when the future is dropped.
    pub fn create_application_context<M: Module>() -> ApplicationContext {
        ApplicationContext::new::<M>()
    }
}

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
    pub fn create_microservice<M: Module>(
        server: impl Into<crate::Microservice>,
    ) -> crate::MicroserviceApplication {
        crate::MicroserviceApplication::new::<M>(server.into())
    }

    /// [`create_microservice`](Self::create_microservice) over Apache Kafka.
    ///
    /// ```
    /// use nestrs::microservices::KafkaMicroserviceOptions;
    /// use nestrs::prelude::*;
    ///
    /// #[module]
    /// struct AppModule;
    ///
    /// let options = KafkaMicroserviceOptions::default();
    /// let app = NestFactory::create_microservice_kafka::<AppModule>(options);
    /// # drop(app);
    /// ```
    #[cfg(feature = "microservices-kafka")]
    pub fn create_microservice_kafka<M: Module>(
        options: crate::microservices::KafkaMicroserviceOptions,
    ) -> crate::MicroserviceApplication {
        Self::create_microservice::<M>(options)
    }

    /// [`create_microservice`](Self::create_microservice) over RabbitMQ.
    ///
    /// ```
    /// use nestrs::microservices::RabbitMqMicroserviceOptions;
    /// use nestrs::prelude::*;
    ///
    /// #[module]
    /// struct AppModule;
    ///
    /// let options = RabbitMqMicroserviceOptions::default();
    /// let app = NestFactory::create_microservice_rabbitmq::<AppModule>(options);
    /// # drop(app);
    /// ```
    #[cfg(feature = "microservices-rabbitmq")]
    pub fn create_microservice_rabbitmq<M: Module>(
        options: crate::microservices::RabbitMqMicroserviceOptions,
    ) -> crate::MicroserviceApplication {
        Self::create_microservice::<M>(options)
    }

    /// [`create_microservice`](Self::create_microservice) over MQTT.
    ///
    /// ```
    /// use nestrs::microservices::MqttMicroserviceOptions;
    /// use nestrs::prelude::*;
    ///
    /// #[module]
    /// struct AppModule;
    ///
    /// let app = NestFactory::create_microservice_mqtt::<AppModule>(MqttMicroserviceOptions::default());
    /// # drop(app);
    /// ```
    #[cfg(feature = "microservices-mqtt")]
    pub fn create_microservice_mqtt<M: Module>(
        options: crate::microservices::MqttMicroserviceOptions,
    ) -> crate::MicroserviceApplication {
        Self::create_microservice::<M>(options)
    }

    /// [`create_microservice`](Self::create_microservice) over gRPC.
    ///
    /// ```
    /// use nestrs::microservices::GrpcMicroserviceOptions;
    /// use nestrs::prelude::*;
    ///
    /// #[module]
    /// struct AppModule;
    ///
    /// let options = GrpcMicroserviceOptions::new("127.0.0.1:5000");
    /// let app = NestFactory::create_microservice_grpc::<AppModule>(options);
    /// # drop(app);
    /// ```
    #[cfg(feature = "microservices-grpc")]
    pub fn create_microservice_grpc<M: Module>(
        options: crate::microservices::GrpcMicroserviceOptions,
    ) -> crate::MicroserviceApplication {
        Self::create_microservice::<M>(options)
    }

    /// [`create_microservice`](Self::create_microservice) over NATS.
    ///
    /// ```
    /// use nestrs::microservices::NatsMicroserviceOptions;
    /// use nestrs::prelude::*;
    ///
    /// #[module]
    /// struct AppModule;
    ///
    /// let options = NatsMicroserviceOptions::new("nats://127.0.0.1:4222");
    /// let app = NestFactory::create_microservice_nats::<AppModule>(options);
    /// # drop(app);
    /// ```
    #[cfg(feature = "microservices-nats")]
    pub fn create_microservice_nats<M: Module>(
        options: crate::microservices::NatsMicroserviceOptions,
    ) -> crate::MicroserviceApplication {
        Self::create_microservice::<M>(options)
    }

    /// [`create_microservice`](Self::create_microservice) over Redis.
    ///
    /// ```
    /// use nestrs::microservices::RedisMicroserviceOptions;
    /// use nestrs::prelude::*;
    ///
    /// #[module]
    /// struct AppModule;
    ///
    /// let app = NestFactory::create_microservice_redis::<AppModule>(RedisMicroserviceOptions::default());
    /// # drop(app);
    /// ```
    #[cfg(feature = "microservices-redis")]
    pub fn create_microservice_redis<M: Module>(
        options: crate::microservices::RedisMicroserviceOptions,
    ) -> crate::MicroserviceApplication {
        Self::create_microservice::<M>(options)
    }
}

#[cfg(feature = "http")]
impl NestFactory {
    /// An application that serves HTTP, described by its root module. Nothing
    /// happens until it is told to [`listen`](crate::NestApplication::listen).
    ///
    /// ```no_run
    /// use nestrs::prelude::*;
    ///
    /// #[module]
    /// struct AppModule;
    ///
    /// #[tokio::main]
    /// async fn main() {
    ///     NestFactory::create::<AppModule>()
    ///         .enable_health_check("/health")
    ///         .listen(3000)
    ///         .await;
    /// }
    /// ```
    pub fn create<M: Module>() -> crate::NestApplication {
        crate::NestApplication::new::<M>()
    }
}
