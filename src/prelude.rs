//! Everything an application's files usually need: `use nestrs::prelude::*;`.

pub use crate::NestFactory;
#[doc(no_inline)]
pub use crate::di::{
    BeforeApplicationShutdown, DynamicModule, HookError, Injectable, Lazy, Module, ModuleRef,
    OnApplicationBootstrap, OnApplicationShutdown, OnModuleDestroy, OnModuleInit, Provider,
};
pub use crate::{async_trait, injectable, module};

#[cfg(feature = "http")]
pub use crate::{Controller, CorsOptions, NestApplication};

#[cfg(feature = "microservices")]
#[doc(no_inline)]
pub use crate::microservices::{
    self, ClientConfig, ClientProxy, ClientsModule, ClientsService, EventBus, MicroCanActivate,
    MicroIncomingInterceptor, MicroPipeTransform, Pattern, Transport, TransportError,
    event_pattern, event_routes, message_pattern, micro_routes, on_event, use_micro_guards,
    use_micro_interceptors, use_micro_pipes,
};
