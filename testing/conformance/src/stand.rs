use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::StreamExt;
use nestrs::core::{Outgoing, Shutdown, Transport, TransportError};
use nestrs_brokers::{Broker, BrokerOptions, Kind, Proxy, shared};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::{
    Candidate, Failure, Place, Settings,
    service::{ALL, Log, Service},
};

/// One case's servers and clients, with names and routes that no other case has.
pub(crate) struct Stand {
    pub(crate) candidate: Arc<dyn Candidate>,
    /// Where servers are.
    pub(crate) place: Place,
    /// Where clients find them; elsewhere if there is a proxy between them.
    pub(crate) way: Place,
    /// What every route begins with.
    prefix: String,
    pub(crate) settings: Settings,
}

impl Stand {
    /// At the broker that all cases share, or without one.
    pub(crate) async fn new(candidate: &Arc<dyn Candidate>) -> Result<Self, Failure> {
        let address = match candidate.broker() {
            None => candidate.address(),
            Some(Kind::Nats) => shared::nats().await?.to_owned(),
            Some(Kind::Redis) => shared::redis().await?.to_owned(),
            Some(Kind::RabbitMq) => shared::rabbitmq().await?.to_owned(),
            Some(Kind::Mosquitto) => shared::mosquitto().await?.to_owned(),
            Some(Kind::Kafka) => shared::kafka().await?.to_owned(),
            Some(other) => {
                let what = format!("{} has no shared broker yet", other.name());
                return Err(Failure::Broken(what));
            }
        };
        Ok(Self::at(candidate, address))
    }

    /// At a broker of this case alone.
    pub(crate) fn with_broker(
        candidate: &Arc<dyn Candidate>,
        kind: Kind,
    ) -> Result<(Self, Broker), Failure> {
        let broker = BrokerOptions::new(kind).later()?;
        Ok((Self::at(candidate, broker.url()), broker))
    }

    /// With a proxy on the way: before the broker for both sides, or before the server.
    pub(crate) async fn with_proxy(
        candidate: &Arc<dyn Candidate>,
    ) -> Result<(Self, Proxy, Option<Broker>), Failure> {
        let Some(kind) = candidate.broker() else {
            let mut stand = Self::new(candidate).await?;
            let address = stand.place.address.parse();
            let address = address.map_err(|error| Failure::Broken(format!("{error}")))?;
            let proxy = Proxy::start(address).await?;
            stand.way.address = proxy.address().to_string();
            return Ok((stand, proxy, None));
        };
        let mut broker = BrokerOptions::new(kind).later()?;
        let proxy = Proxy::start(broker.address()).await?;
        broker.advertise(proxy.address());
        broker.restart().await?;
        let address = broker.url_by(proxy.address());
        Ok((Self::at(candidate, address), proxy, Some(broker)))
    }

    fn at(candidate: &Arc<dyn Candidate>, address: String) -> Self {
        static STANDS: AtomicU64 = AtomicU64::new(0);
        let number = STANDS.fetch_add(1, Ordering::Relaxed);
        let service = format!("conformance-{}-{number}", std::process::id());
        let place = Place { address, service };
        Self {
            candidate: Arc::clone(candidate),
            way: place.clone(),
            prefix: format!("{}.", place.service),
            place,
            settings: Settings::default(),
        }
    }

    pub(crate) fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// The same routes as another service, which is called `service`.
    pub(crate) fn other(&self, service: &str) -> Self {
        let name = |place: &Place| Place {
            service: format!("{}-{service}", place.service),
            ..place.clone()
        };
        Self {
            candidate: Arc::clone(&self.candidate),
            place: name(&self.place),
            way: name(&self.way),
            prefix: self.prefix.clone(),
            settings: self.settings.clone(),
        }
    }

    /// Starts a server with all handlers under their own names.
    pub(crate) async fn serve(&self) -> Result<Server, Failure> {
        self.serve_routes(&ALL, Arc::default()).await
    }

    /// Starts a server with these pairs of a route and a handler.
    pub(crate) async fn serve_routes<R: AsRef<str>>(
        &self,
        routes: &[(R, &'static str)],
        log: Arc<Log>,
    ) -> Result<Server, Failure> {
        let server = self.candidate.server(&self.place, &self.settings);
        let routes = routes.iter();
        let routes = routes.map(|(route, handler)| (self.route(route.as_ref()), *handler));
        let service = Service::new(
            &self.place.service,
            routes,
            server.wildcards(),
            Arc::clone(&log),
        );
        let shutdown = Shutdown::new();
        let running = server.start(Arc::new(service), shutdown.clone()).await?;
        Ok(Server {
            log,
            shutdown,
            done: tokio::spawn(running.done),
        })
    }

    pub(crate) fn client(&self) -> Client {
        Client {
            transport: self.candidate.client(&self.way, &self.settings),
            prefix: self.prefix.clone(),
        }
    }

    /// A route of this case.
    pub(crate) fn route(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

pub(crate) struct Server {
    pub(crate) log: Arc<Log>,
    pub(crate) shutdown: Shutdown,
    done: JoinHandle<()>,
}

impl Server {
    /// Stops it and waits for its end.
    pub(crate) async fn stop(mut self) {
        self.shutdown.stop();
        let _ = (&mut self.done).await;
    }

    /// Ends it where it stands.
    pub(crate) async fn kill(mut self) {
        self.shutdown.abort();
        let _ = (&mut self.done).await;
    }

    pub(crate) fn is_done(&self) -> bool {
        self.done.is_finished()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown.abort();
    }
}

#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) transport: Arc<dyn Transport>,
    prefix: String,
}

impl Client {
    /// A request, in JSON.
    pub(crate) async fn request(
        &self,
        route: &str,
        payload: Value,
    ) -> Result<Value, TransportError> {
        self.request_within(route, payload, None).await
    }

    pub(crate) async fn request_within(
        &self,
        route: &str,
        payload: Value,
        timeout: impl Into<Option<Duration>>,
    ) -> Result<Value, TransportError> {
        let route = self.route(route);
        let mut message = Outgoing::new(&route, text(&payload));
        message.timeout = timeout.into();
        let reply = self.transport.send(message).await?;
        parse(reply)
    }

    /// A request that says its number, which is the answer.
    pub(crate) async fn number(&self, route: &str, id: u64) -> Result<bool, TransportError> {
        let reply = self.request(route, json!({ "id": id })).await?;
        Ok(reply == json!(id))
    }

    /// An event that says its number.
    pub(crate) async fn event(&self, route: &str, id: u64) -> Result<(), TransportError> {
        let route = self.route(route);
        let message = Outgoing::new(&route, text(&json!({ "id": id })));
        self.transport.emit(message).await
    }

    /// All replies, and the error that ended them if one did.
    pub(crate) async fn stream(
        &self,
        route: &str,
        payload: Value,
    ) -> Result<(Vec<Value>, Option<TransportError>), TransportError> {
        let route = self.route(route);
        let message = Outgoing::new(&route, text(&payload));
        let mut replies = self.transport.send_stream(message).await?;
        let mut items = Vec::new();
        while let Some(reply) = replies.next().await {
            match reply {
                Ok(item) => items.push(parse(Some(item))?),
                Err(error) => return Ok((items, Some(error))),
            }
        }
        Ok((items, None))
    }

    fn route(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

fn text(value: &Value) -> Bytes {
    value.to_string().into()
}

fn parse(json: Option<Bytes>) -> Result<Value, TransportError> {
    let Some(json) = json else {
        return Ok(Value::Null);
    };
    let no_json = |error| TransportError::new(format!("what came back is no JSON: {error}"));
    serde_json::from_slice(&json).map_err(no_json)
}
