//! Everything an application's files usually need: `use nestrs::prelude::*;`.

pub use crate::NestFactory;
#[doc(no_inline)]
pub use crate::di::{
    BeforeApplicationShutdown, DynamicModule, HealthIndicator, HookError, Injectable, Lazy, Module,
    ModuleRef, OnApplicationBootstrap, OnApplicationShutdown, OnModuleDestroy, OnModuleInit,
    Provider,
};
pub use crate::{async_trait, injectable, module};

#[cfg(feature = "http")]
pub use crate::http::{Http, HttpRequest, SwitchToHttp, Versioning};
#[cfg(feature = "http")]
#[doc(no_inline)]
pub use crate::{
    Controller, CorsOptions, HttpException, Inject, NestApplication, all, controller, delete, get,
    head, options, patch, post, put, routes, use_filters, use_guards, use_interceptors, use_pipes,
};

#[cfg(any(feature = "http", feature = "microservices"))]
#[doc(no_inline)]
pub use nestrs_microservices::{
    ExceptionFilter, ExecutionContext, Guard, Interceptor, Next, Pipe, Protocol, TransportError,
};

#[cfg(feature = "microservices")]
#[doc(no_inline)]
pub use crate::microservices::{
    self, Answer, AppFilter, AppGuard, AppInterceptor, AppPipe, ClientConfig, ClientProxy,
    ClientsModule, ClientsService, Ctx, EventBus, Incoming, MicroCanActivate,
    MicroIncomingInterceptor, MicroPipeTransform, ModuleEnhancers, Pattern, Transport,
    event_pattern, event_routes, message_contract, message_pattern, micro_routes, on_event,
    use_micro_filters, use_micro_guards, use_micro_interceptors, use_micro_pipes,
};

#[cfg(feature = "microservices-grpc")]
#[doc(no_inline)]
pub use crate::microservices::{GrpcStream, grpc_client, grpc_method, grpc_service};
