//! Who we are to the broker: every kind of it, and being turned away.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::{Duration, Instant};

use common::{Service, prefix};
use nestrs_brokers::{Broker, BrokerOptions};
use nestrs_core::{ErrorKind, StartError, Transport};
use nestrs_transport_nats::{
    NatsAuth, NatsBroker, NatsMicroserviceOptions, NatsTransport, NatsTransportOptions,
};
use nkeys::KeyPair;
use serde_json::{Value, json};

/// A call from a client to a server that both get in.
async fn gets_in(broker: NatsBroker) {
    let route = format!("{}.sum", prefix());
    let (service, _happens) = Service::new([route.clone()]);
    let server = service
        .start(NatsMicroserviceOptions::new(broker.clone()))
        .await;
    assert!(!server.address.contains('@'), "{}", server.address);
    let client = NatsTransport::new(NatsTransportOptions::new(broker));
    assert_eq!(client.send_json(&route, json!([1, 2])).await, Ok(json!(3)));
    server.stop().await;
}

/// Both are told at once that they do not, and no secret is told.
async fn is_turned_away(broker: NatsBroker, address: &str) {
    let start = Instant::now();
    let (service, _happens) = Service::new(["a"]);
    let error = service
        .try_start(NatsMicroserviceOptions::new(broker.clone()))
        .await;
    let error = error.err().unwrap();
    assert!(matches!(error, StartError::Connect { .. }), "{error:?}");
    let client = NatsTransport::new(NatsTransportOptions::new(broker));
    let call = client.send_json("a", json!(1)).await.unwrap_err();
    assert_eq!(call.kind(), ErrorKind::Connect);
    for said in [error.to_string(), call.message, format!("{client:?}")] {
        assert!(said.contains(address), "{said}");
        assert!(!said.contains("wrong"), "{said}");
    }
    // Had they tried again it would have been 30 s and 3 s.
    assert!(
        start.elapsed() < Duration::from_millis(2_500),
        "{:?}",
        start.elapsed()
    );
}

async fn start(options: BrokerOptions) -> (Broker, String) {
    let broker = options.start().await.unwrap();
    let url = broker.url();
    (broker, url)
}

#[tokio::test]
async fn a_user_and_a_password() {
    let (_broker, url) = start(Broker::nats().user("ann", "p@ss")).await;
    gets_in(NatsBroker::new(&url).user("ann", "p@ss")).await;
    gets_in(NatsBroker::new(
        url.replace("nats://", "nats://ann:p%40ss@"),
    ))
    .await;
    is_turned_away(NatsBroker::new(&url).user("ann", "wrong"), &url).await;
    is_turned_away(
        NatsBroker::new(url.replace("nats://", "nats://ann:wrong@")),
        &url,
    )
    .await;
    is_turned_away(NatsBroker::new(&url), &url).await;
}

#[tokio::test]
async fn a_token() {
    let (_broker, url) = start(Broker::nats().config("authorization { token: s3cr3t }")).await;
    gets_in(NatsBroker::new(&url).token("s3cr3t")).await;
    gets_in(NatsBroker::new(url.replace("nats://", "nats://s3cr3t@"))).await;
    is_turned_away(NatsBroker::new(&url).token("wrong"), &url).await;
}

#[tokio::test]
async fn an_nkey() {
    let key = KeyPair::new_user();
    let users = format!(
        "authorization {{ users: [{{ nkey: {} }}] }}",
        key.public_key()
    );
    let (_broker, url) = start(Broker::nats().config(&users)).await;
    gets_in(NatsBroker::new(&url).nkey(key.seed().unwrap())).await;
    let other = KeyPair::new_user().seed().unwrap();
    is_turned_away(NatsBroker::new(&url).nkey(other), &url).await;
    is_turned_away(NatsBroker::new(&url).nkey("wrong"), &url).await;
}

#[tokio::test]
async fn a_jwt_and_its_seed() {
    let (operator, account, system, user) = (
        KeyPair::new_operator(),
        KeyPair::new_account(),
        KeyPair::new_account(),
        KeyPair::new_user(),
    );
    let limits = json!({
        "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1,
        "wildcards": true, "conn": -1, "leaf": -1,
    });
    let of_account = json!({ "type": "account", "version": 2, "limits": limits });
    let of_user = json!({ "type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1 });
    let config = format!(
        "operator: {}\nsystem_account: {}\nresolver: MEMORY\nresolver_preload: {{ {}: {}, {}: {} }}",
        jwt(
            &operator,
            &operator,
            json!({ "type": "operator", "version": 2 })
        ),
        system.public_key(),
        account.public_key(),
        jwt(&operator, &account, of_account.clone()),
        system.public_key(),
        jwt(&operator, &system, of_account),
    );
    let (_broker, url) = start(Broker::nats().config(&config)).await;
    let (jwt, seed) = (jwt(&account, &user, of_user), user.seed().unwrap());
    let text = format!(
        "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    );
    let file = std::env::temp_dir().join(format!("{}.creds", prefix()));
    std::fs::write(&file, &text).unwrap();
    gets_in(NatsBroker::new(&url).jwt(&jwt, &seed)).await;
    gets_in(NatsBroker::new(&url).auth(NatsAuth::Credentials(text))).await;
    gets_in(NatsBroker::new(&url).credentials_file(&file)).await;
    std::fs::remove_file(file).unwrap();
    let other = KeyPair::new_user().seed().unwrap();
    is_turned_away(NatsBroker::new(&url).jwt(&jwt, other), &url).await;
}

/// What `signer` says of `subject`.
fn jwt(signer: &KeyPair, subject: &KeyPair, nats: Value) -> String {
    let header = json!({ "typ": "JWT", "alg": "ed25519-nkey" });
    let claims = json!({
        "jti": subject.public_key(), "iat": 1_700_000_000, "name": "test",
        "iss": signer.public_key(), "sub": subject.public_key(), "nats": nats,
    });
    let body = [header, claims]
        .map(|part| base64(part.to_string().as_bytes()))
        .join(".");
    let signature = base64(&signer.sign(body.as_bytes()).unwrap());
    format!("{body}.{signature}")
}

/// For addresses, without padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk
            .iter()
            .fold(0_u32, |group, byte| group << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for digit in 0..=chunk.len() {
            text.push(char::from(
                DIGITS[(group >> (18 - 6 * digit) & 63) as usize],
            ));
        }
    }
    text
}

#[tokio::test]
async fn a_subject_that_is_not_allowed_is_named_at_the_start() {
    let users = r#"authorization { users: [{
        user: ann, password: p,
        permissions: { subscribe: ["_INBOX.>", "_NESTRS.called-off", "mine.>"], publish: ">" }
    }] }"#;
    let (_broker, url) = start(Broker::nats().config(users)).await;
    let options = NatsMicroserviceOptions::new(NatsBroker::new(&url).user("ann", "p"));
    let (service, _happens) = Service::new(["mine.a", "other.b"]);
    let error = service
        .try_start(options.clone())
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("other.b") && error.contains("ermission"),
        "{error}"
    );
    let (service, _happens) = Service::new(["mine.a"]);
    service.start(options).await.stop().await;
}

#[tokio::test]
async fn an_inbox_may_be_elsewhere() {
    let users = r#"authorization { users: [{
        user: ann, password: p, permissions: { subscribe: ["inbox.ann.>", "_NESTRS.>", ">"], publish: ">" }
    }, {
        user: bob, password: p, permissions: { subscribe: ["inbox.bob.>"], publish: ">" }
    }] }"#;
    let (_broker, url) = start(Broker::nats().config(users)).await;
    let route = format!("{}.sum", prefix());
    let (service, _happens) = Service::new([route.clone()]);
    let ann = NatsBroker::new(&url)
        .user("ann", "p")
        .inbox_prefix("inbox.ann");
    let _server = service.start(NatsMicroserviceOptions::new(ann)).await;
    let bob = NatsBroker::new(&url)
        .user("bob", "p")
        .inbox_prefix("inbox.bob");
    let client = NatsTransport::new(NatsTransportOptions::new(bob));
    assert_eq!(client.send_json(&route, json!([1])).await, Ok(json!(1)));
}
