//! The promised API: each file in `snippets/` is a snippet as it was promised,
//! to the letter; here they are compiled, and run, with what a snippet takes for
//! granted around it.
#![deny(warnings)]
#![allow(dead_code)]

#[cfg(test)]
mod shapes;
#[cfg(test)]
mod support;

mod math {
    include!("snippets/math.rs");

    #[cfg(test)]
    mod runs {
        use super::AppModule;
        use crate::support::{client, start};
        use nestrs::prelude::*;
        use serde_json::{Value, json};

        #[tokio::test]
        async fn a_message_is_answered_and_an_event_is_handled() {
            let log = crate::support::Log::start();
            let app = start::<AppModule>().await;
            let client = client(&app);
            let sum: Value = client
                .send("math.add", &json!({ "a": 1, "b": 2.5 }))
                .await
                .unwrap();
            assert_eq!(sum, json!({ "result": 3.5 }));
            client
                .emit("user.created", &json!({ "id": "7" }))
                .await
                .unwrap();
            // Comes after the event on one connection, so the event is in hand.
            client
                .send::<_, Value>("math.add", &json!({}))
                .await
                .unwrap();
            app.shutdown().await;
            assert!(
                log.contains("new user: Object {\"id\": String(\"7\")}"),
                "{log:?}"
            );
        }

        #[test]
        fn the_module_is_sound() {
            AppModule::verify().unwrap();
        }
    }
}

mod secure {
    use nestrs::prelude::*;

    #[injectable]
    struct SecureService;

    #[derive(Default)]
    struct TokenGuard;

    #[async_trait]
    impl MicroCanActivate for TokenGuard {
        async fn can_activate_micro(
            &self,
            pattern: &str,
            payload: &serde_json::Value,
        ) -> Result<(), TransportError> {
            assert_eq!(pattern, "secure.action");
            match payload["token"].as_str() {
                Some("secret") => Ok(()),
                _ => Err(TransportError::new("Forbidden resource")),
            }
        }
    }

    include!("snippets/secure.rs");

    #[module(providers = [SecureService], microservices = [SecureService])]
    struct AppModule;

    #[cfg(test)]
    #[tokio::test]
    async fn the_guard_decides() {
        use serde_json::{Value, json};
        let app = crate::support::start::<AppModule>().await;
        let client = crate::support::client(&app);
        let ok: Value = client
            .send("secure.action", &json!({ "token": "secret" }))
            .await
            .unwrap();
        assert_eq!(ok, json!({ "ok": true }));
        let refused = client
            .send::<_, Value>("secure.action", &json!({}))
            .await
            .unwrap_err();
        assert_eq!(refused.message, "Forbidden resource");
    }
}

mod orders {
    include!("snippets/orders.rs");

    #[cfg(test)]
    #[tokio::test]
    async fn the_only_client_needs_no_name() {
        use crate::support::{BILLING, Billing, BillingModule};
        use nestrs::microservices::{TcpMicroserviceOptions, TcpTransportOptions};

        #[module(
            imports = [ClientsModule::register(&[
                ClientConfig::tcp("billing", TcpTransportOptions::new(BILLING.get().unwrap())),
            ])],
            providers = [OrdersService],
        )]
        struct AppModule;

        let billing = NestFactory::create_microservice::<BillingModule>(
            TcpMicroserviceOptions::new("127.0.0.1:0"),
        )
        .start()
        .await
        .unwrap();
        BILLING
            .set(billing.local_addr().unwrap().to_string())
            .unwrap();

        let app = crate::support::start::<AppModule>().await;
        app.get::<OrdersService>()
            .unwrap()
            .notify_billing("o-1")
            .await
            .unwrap();
        let event = billing.get::<Billing>().unwrap().next_event().await;
        assert_eq!(event, serde_json::json!({ "order_id": "o-1" }));
    }
}

mod clients {
    include!("snippets/clients.rs");

    #[cfg(test)]
    #[tokio::test]
    async fn clients_are_found_by_name() {
        let app = crate::support::start::<AppModule>().await;
        let clients = app.get::<ClientsService>().unwrap();
        assert!(clients.get("billing").is_some());
        assert!(clients.get("notifications").is_some());
        assert!(clients.get("orders").is_none());
    }
}

mod clients_service {
    use nestrs::prelude::*;

    include!("snippets/clients_service.rs");

    #[cfg(test)]
    #[tokio::test]
    async fn a_named_client_emits() {
        use nestrs::microservices::TcpTransportOptions;

        // Bound and never accepted from: an event is sent once it is on its way.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        static ADDR: std::sync::OnceLock<std::net::SocketAddr> = std::sync::OnceLock::new();
        ADDR.set(addr).unwrap();

        #[module(
            imports = [ClientsModule::register(&[
                ClientConfig::tcp("billing", TcpTransportOptions::new(ADDR.get().unwrap())),
                ClientConfig::tcp("other", TcpTransportOptions::default()),
            ])],
            providers = [MyService],
        )]
        struct AppModule;

        let app = crate::support::start::<AppModule>().await;
        app.get::<MyService>()
            .unwrap()
            .send_billing()
            .await
            .unwrap();
        use std::io::Read;
        let mut frame = [0; 40];
        listener.accept().unwrap().0.read_exact(&mut frame).unwrap();
        assert_eq!(&frame, b"37#{\"pattern\":\"billing.event\",\"data\":{}}");
    }
}

mod events {
    include!("snippets/events.rs");

    #[cfg(test)]
    #[tokio::test]
    async fn what_is_published_is_heard() {
        #[module(providers = [PublisherService, AuditService])]
        struct AppModule;

        let log = crate::support::Log::start();
        let app = crate::support::start::<AppModule>().await;
        app.get::<PublisherService>()
            .unwrap()
            .emit_user_created("7")
            .await;
        assert!(
            log.contains("audit: user created Object {\"id\": String(\"7\")}"),
            "{log:?}"
        );
    }
}
