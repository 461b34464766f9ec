//! What the application does, without anything it needs.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use nestrs::prelude::*;
use nestrs_testing::{ClientMock, PassThrough, Test, TestingModuleBuilder, client_mock};
use serde_json::json;
use tokio::time::Instant;

#[expect(dead_code, reason = "its `main`")]
#[path = "../testing/main.rs"]
mod app;

use app::{AppModule, Store, StoreModule, TokenGuard};

/// Remembers names as long as the test runs.
#[derive(Default)]
struct Memory(Mutex<Vec<String>>);

#[async_trait]
impl Store for Memory {
    async fn keep(&self, name: &str) -> Result<u32, TransportError> {
        let mut names = self.0.lock().unwrap();
        names.push(name.to_owned());
        Ok(names.len() as u32)
    }
}

/// What every test replaces: nothing of it is on the machine.
fn testing(mail: &ClientMock) -> TestingModuleBuilder<AppModule> {
    Test::create_testing_module::<AppModule>()
        .override_client(mail)
        // The database, and with it the connection that cannot be opened.
        .override_provider::<dyn Store>()
        .use_value(Memory::default())
}

fn mail() -> ClientMock {
    client_mock("mail").on("mail.greet").reply(())
}

#[tokio::test]
async fn who_signs_up_is_kept_and_greeted() {
    let (mail, memory) = (mail(), Arc::new(Memory::default()));
    let module = testing(&mail)
        .override_provider::<dyn Store>()
        .use_shared(Arc::clone(&memory))
        .compile()
        .await
        .unwrap();

    let ada = json!({ "name": "Ada", "token": "open sesame" });
    assert_eq!(module.client().send("signup", &ada).await, Ok(1));

    assert_eq!(*memory.0.lock().unwrap(), ["Ada"]);
    mail.assert_sent("mail.greet", "Ada");
    mail.assert_emitted("mail.stats", json!({ "signups": 1 }));
    module.close().await;
}

#[tokio::test]
async fn nobody_signs_up_without_a_token() {
    let mail = mail();
    let module = testing(&mail).compile().await.unwrap();
    let eve = json!({ "name": "Eve" });
    let error = module.client().send::<_, u32>("signup", &eve).await;
    assert_eq!(error.unwrap_err().message, "Forbidden resource");
    mail.assert_not_sent("mail.greet");
}

#[tokio::test]
async fn what_is_behind_the_guard_is_tested_without_it() {
    let module = testing(&mail())
        .override_guard::<TokenGuard>()
        .use_value(PassThrough)
        .compile()
        .await
        .unwrap();
    let eve = json!({ "name": "Eve" });
    assert_eq!(module.client().send("signup", &eve).await, Ok(1));
}

/// The client waits ten seconds for each answer, and none of them for real.
#[tokio::test(start_paused = true)]
async fn greeting_is_tried_again_until_the_mail_server_answers() {
    let mail = client_mock::<ClientProxy>("mail")
        .on("mail.greet")
        .never()
        .on("mail.greet")
        .after(Duration::from_secs(60))
        .reply(())
        .on("mail.greet")
        .after(Duration::from_secs(2))
        .reply(());
    let module = testing(&mail).compile().await.unwrap();
    let start = Instant::now();
    let ada = json!({ "name": "Ada", "token": "open sesame" });
    let signup = module.client();
    let signup = signup.message("signup", &ada).timeout(Duration::MAX);
    assert_eq!(signup.send::<u32>().await, Ok(1));
    assert_eq!(start.elapsed(), Duration::from_secs(10 + 10 + 2));
}

/// A module as a whole, instead of what is in it.
#[tokio::test]
async fn a_module_is_replaced_by_another() {
    #[injectable(bind = dyn Store)]
    struct Full;

    #[async_trait]
    impl Store for Full {
        async fn keep(&self, _: &str) -> Result<u32, TransportError> {
            Err(TransportError::new("no room for another name"))
        }
    }

    #[module(providers = [Full], exports = [dyn Store])]
    struct FullModule;

    let mail = mail();
    let module = Test::create_testing_module::<AppModule>()
        .override_client(&mail)
        .override_module::<StoreModule>()
        .use_module::<FullModule>()
        .compile()
        .await
        .unwrap();
    let ada = json!({ "name": "Ada", "token": "open sesame" });
    let error = module.client().send::<_, u32>("signup", &ada).await;
    assert_eq!(error.unwrap_err().message, "no room for another name");
    mail.assert_not_sent("mail.greet");
}
