//! Where handlers and what runs around them come from, and what they get
//! injected.
#![allow(clippy::unwrap_used)]

extern crate nestrs_microservices as nestrs;

mod common;

use std::sync::{Arc, Mutex};

use common::served::{module_of, serve};
use nestrs_di::{Code, Graph, Provider, injectable};
use nestrs_microservices::{
    AppGuard, Ctx, Guard, Incoming, ModuleEnhancers, Pipe, TransportError, async_trait,
    micro_routes,
};
use serde_json::{Value, json};

struct Quota {
    left: Mutex<u32>,
}

/// Neither listed nor `Default`: being `#[injectable]` is enough.
#[injectable]
struct QuotaGuard {
    quota: Arc<Quota>,
}

#[async_trait]
impl Guard for QuotaGuard {
    async fn can_activate(&self, message: &Incoming) -> Result<(), TransportError> {
        let mut left = self.quota.left.lock().unwrap();
        *left = left
            .checked_sub(message.payload()?.as_u64().unwrap() as u32)
            .ok_or_else(|| TransportError::new("quota exceeded"))?;
        Ok(())
    }
}

#[injectable]
struct Metered;

#[micro_routes]
impl Metered {
    #[message_pattern("spend")]
    #[use_micro_guards(QuotaGuard)]
    async fn spend(&self, quota: Arc<Quota>, ctx: Ctx, amount: u32) -> String {
        let left = *quota.left.lock().unwrap();
        format!("{} {amount} {left}", ctx.pattern())
    }
}

module_of!(
    MeteredModule: Metered;
    Provider::value(Quota { left: Mutex::new(5) }),
);

#[tokio::test]
async fn a_guard_and_a_parameter_come_from_the_container() {
    let app = serve::<MeteredModule>().await;
    assert_eq!(app.replies("spend", json!(3)).await, r#""spend 3 2""#);
    assert_eq!(app.replies("spend", json!(3)).await, "!quota exceeded");
}

module_of!(WithoutQuota: Metered);

#[test]
fn what_a_guard_needs_is_missed_before_anything_is_built() {
    let error = Graph::of::<WithoutQuota>().unwrap_err().to_string();
    assert!(error.contains("`QuotaGuard` needs `Quota`"), "{error}");
}

#[injectable]
struct Asks;

#[micro_routes]
impl Asks {
    #[message_pattern("ask")]
    async fn ask(&self, _quota: Arc<Quota>) {}
}

module_of!(AsksModule: Asks);

#[test]
fn what_a_parameter_needs_is_missed_before_anything_is_built() {
    let error = Graph::of::<AsksModule>().unwrap_err();
    assert_eq!(error.findings()[0].code, Code::Missing);
    let message = error.to_string();
    for part in [
        "`Asks` needs `Quota`",
        "injected.rs",
        "as a parameter of this handler",
        "AsksModule > Asks > Quota",
    ] {
        assert!(message.contains(part), "{message}");
    }
}

/// One for each message, which knows the message.
#[injectable(scope = "request")]
struct Tenant {
    ctx: Arc<Ctx>,
}

impl Tenant {
    fn name(&self) -> &str {
        self.ctx.headers.get("tenant").unwrap_or("nobody")
    }
}

#[injectable(scope = "request")]
struct TenantGuard {
    tenant: Arc<Tenant>,
}

#[async_trait]
impl Guard for TenantGuard {
    async fn can_activate(&self, _: &Incoming) -> Result<(), TransportError> {
        match self.tenant.name() {
            "nobody" => Err(TransportError::new("who are you?")),
            _ => Ok(()),
        }
    }
}

#[injectable(scope = "request")]
struct Tenants {
    tenant: Arc<Tenant>,
}

#[micro_routes]
#[use_micro_guards(TenantGuard)]
impl Tenants {
    #[message_pattern("who")]
    async fn who(&self, same: Arc<Tenant>) -> (String, bool) {
        (same.name().to_owned(), Arc::ptr_eq(&same, &self.tenant))
    }
}

module_of!(TenantsModule: Tenants; Provider::of::<Tenant>());

#[tokio::test]
async fn handlers_guards_and_parameters_may_be_of_the_message() {
    let app = serve::<TenantsModule>().await;
    assert_eq!(app.replies("who", json!(null)).await, "!who are you?");
    for tenant in ["acme", "umbrella"] {
        let who = app.client.message("who", &()).header("tenant", tenant);
        let reply: (String, bool) = who.send().await.unwrap();
        assert_eq!(reply, (tenant.to_owned(), true));
    }
}

/// Bound for the whole application, and made for each message.
#[injectable]
struct Free;

#[micro_routes]
impl Free {
    #[message_pattern("free")]
    async fn free(&self) {}
}

module_of!(
    BoundModule: Free;
    Provider::of::<Tenant>(),
    Provider::of::<TenantGuard>(),
    Provider::bind::<AppGuard, TenantGuard>(),
);

#[tokio::test]
async fn what_is_bound_for_all_handlers_may_be_of_the_message() {
    let app = serve::<BoundModule>().await;
    assert_eq!(app.replies("free", json!(null)).await, "!who are you?");
    let known = app.client.message("free", &()).header("tenant", "acme");
    known.send::<()>().await.unwrap();
}

/// One for everyone who asks, which here is each message.
#[injectable(scope = "transient")]
struct Fresh {
    #[inject(default)]
    seen: Mutex<u8>,
}

#[async_trait]
impl Pipe for Fresh {
    async fn transform(&self, _: Value, _: &Incoming) -> Result<Value, TransportError> {
        let mut seen = self.seen.lock().unwrap();
        *seen += 1;
        Ok(json!(*seen))
    }
}

#[injectable]
struct Counting;

#[micro_routes]
impl Counting {
    #[message_pattern("seen")]
    #[use_micro_pipes(Fresh)]
    async fn seen(&self, n: u8) -> u8 {
        n
    }
}

module_of!(CountingModule: Counting);

#[tokio::test]
async fn a_transient_enhancer_is_new_for_each_message() {
    let app = serve::<CountingModule>().await;
    for _ in 0..2 {
        assert_eq!(app.replies("seen", json!(null)).await, "1");
    }
}

module_of!(
    ForgetfulModule: Counting;
    ModuleEnhancers::new().guard::<QuotaGuard>(),
);

#[test]
fn an_enhancer_of_a_module_that_is_not_provided_is_missed_before_anything_is_built() {
    let error = Graph::of::<ForgetfulModule>().unwrap_err();
    let [finding] = error.findings() else {
        panic!("{error}");
    };
    let message = finding.to_string();
    for part in [
        "`ModuleEnhancers` needs `QuotaGuard`",
        "around all handlers of the module",
        "add `QuotaGuard` to the providers of `ForgetfulModule`",
    ] {
        assert!(message.contains(part), "{message}");
    }
}

/// Neither `#[injectable]` nor `Default`.
struct Bouncer(&'static str);

#[async_trait]
impl Guard for Bouncer {
    async fn can_activate(&self, _: &Incoming) -> Result<(), TransportError> {
        Err(TransportError::new(self.0))
    }
}

#[injectable]
struct Club;

#[micro_routes]
impl Club {
    #[message_pattern("enter")]
    #[use_micro_guards(Bouncer)]
    async fn enter(&self) {}
}

module_of!(ClubModule: Club);
module_of!(StaffedModule: Club; Provider::value(Bouncer("not in those shoes")));

#[tokio::test]
async fn an_enhancer_that_nothing_makes_has_to_be_provided() {
    let error = Graph::of::<ClubModule>().unwrap_err().to_string();
    for part in [
        "`Club` needs `Bouncer`",
        "around this handler",
        "put `#[injectable]` on `Bouncer`, implement `Default` for it",
    ] {
        assert!(error.contains(part), "{error}");
    }
    let app = serve::<StaffedModule>().await;
    assert_eq!(
        app.replies("enter", json!(null)).await,
        "!not in those shoes"
    );
}
