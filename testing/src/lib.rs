//! Tests of applications: the wiring, the hooks and the visibility of
//! production, without sockets.
//!
//! ```
//! use nestrs::prelude::*;
//! use nestrs_testing::Test;
//!
//! #[injectable]
//! struct CatsService;
//!
//! #[module(providers = [CatsService])]
//! struct AppModule;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), nestrs::BootstrapError> {
//! let module = Test::create_testing_module::<AppModule>().compile().await?;
//! let cats = module.get::<CatsService>();
//! module.close().await;
//! # Ok(())
//! # }
//! ```

use std::any::type_name;
use std::marker::PhantomData;
use std::sync::Arc;

use nestrs::di::Module;
use nestrs::{BootstrapError, NestFactory, RunningApplication};

/// Where a test of an application begins.
#[derive(Debug, Clone, Copy)]
pub struct Test;

impl Test {
    /// The application that starts at `M`, to be compiled.
    pub fn create_testing_module<M: Module>() -> TestingModuleBuilder<M> {
        TestingModuleBuilder { root: PhantomData }
    }
}

/// An application under test, described.
#[derive(Debug)]
#[must_use = "nothing is built until it is compiled"]
pub struct TestingModuleBuilder<M> {
    root: PhantomData<fn() -> M>,
}

impl<M: Module> TestingModuleBuilder<M> {
    /// Checks and builds the application and runs its hooks, as production does.
    ///
    /// # Errors
    ///
    /// When the application cannot start, as in production.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops what has been built.
    pub async fn compile(self) -> Result<TestingModule, BootstrapError> {
        let app = NestFactory::create_application_context::<M>().await?;
        Ok(TestingModule { app })
    }
}

/// An application under test.
#[derive(Debug)]
pub struct TestingModule {
    app: RunningApplication,
}

impl TestingModule {
    /// The instance of a provider.
    ///
    /// # Panics
    ///
    /// When no module provides it.
    #[track_caller]
    pub fn get<T: Send + Sync + 'static>(&self) -> Arc<T> {
        match self.app.get::<T>() {
            Some(instance) => instance,
            None => panic!("no module provides `{}`", type_name::<T>()),
        }
    }

    /// Runs the hooks of the way down.
    pub async fn close(self) {
        self.app.shutdown().await;
    }
}
