#![doc = include_str!("../README.md")]
#![expect(
    clippy::panic,
    reason = "what a test did wrong ends the test, with a message for the one who wrote it"
)]

mod builder;
pub mod client;
pub mod http;
mod override_enhancer;
mod override_module;
mod override_provider;
mod overrides;
mod pass_through;
mod server;
mod testing_module;

pub use builder::{Test, TestingModuleBuilder};
pub use client::{ClientMock, client_mock, default_client_mock};
pub use http::{TestHttp, TestRequest, TestResponse};
pub use override_enhancer::OverrideEnhancer;
pub use override_module::OverrideModule;
pub use override_provider::OverrideProvider;
pub use pass_through::PassThrough;
pub use testing_module::TestingModule;
