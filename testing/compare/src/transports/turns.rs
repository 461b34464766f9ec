use load::orders::Order;
use nestrs_brokers::Broker;
use tokio::runtime::Runtime;

use crate::error::Error;
use crate::settings::Settings;
use crate::transports::contenders::{Contender, Program, Transport};
use crate::transports::measured::{Measured, SERVER};
use crate::transports::pair::{self, Pair};
use crate::transports::process::Outcome;
use crate::transports::rows::{self, Row, What};

/// After so many starts that fail there is none any more.
const STARTS: usize = 2;

/// One who takes part, if it runs.
struct Player {
    contender: Contender,
    pair: Option<Pair>,
    broker: Option<usize>,
    failed_starts: usize,
    /// Why it does not run.
    why: String,
}

struct Game<'a> {
    transport: Transport,
    settings: &'a Settings,
    missing: Vec<Program>,
    brokers: Vec<Broker>,
    measured: Measured,
}

/// A B C A B C …, row by row. One that fails at a row is out of that row; whatever happens to it, the others go on.
pub(crate) fn run(
    transport: Transport,
    settings: &Settings,
    missing: Vec<Program>,
) -> Result<Measured, Error> {
    // What brokers are started by has to stay for as long as they do.
    let runtime = crate::runtime()?;
    let mut game = Game {
        transport,
        settings,
        missing,
        brokers: Vec::new(),
        measured: Measured::default(),
    };
    let mut players = game.players(&runtime)?;
    game.start_up(&players);
    for player in &mut players {
        eprintln!("{}: {} warms up", transport.name(), player.contender.name);
        game.warm_up(player);
    }
    let rows = rows::all(settings);
    for round in 1..=settings.rounds {
        for row in &rows {
            eprintln!(
                "{}: round {round} of {}: {}",
                transport.name(),
                settings.rounds,
                row.name
            );
            for player in &mut players {
                game.turn(row, player);
            }
        }
    }
    for player in &players {
        game.weigh(player);
    }
    Ok(game.measured)
}

impl Game<'_> {
    fn players(&mut self, runtime: &Runtime) -> Result<Vec<Player>, Error> {
        let contenders = self.transport.contenders();
        let mut players = Vec::new();
        for contender in contenders {
            if self.brokers.is_empty() || self.transport.needs_own_broker() {
                self.brokers.extend(self.transport.start_broker(runtime)?);
            }
            players.push(Player {
                contender,
                pair: None,
                broker: self.brokers.len().checked_sub(1),
                failed_starts: 0,
                why: String::new(),
            });
        }
        Ok(players)
    }

    /// How long servers take until they are ready, in turns too.
    fn start_up(&mut self, players: &[Player]) {
        for _ in 0..self.settings.rounds {
            for player in players {
                let Player { contender, .. } = player;
                // Upstream does not say when it is; of those that cross, the server is one of the others.
                if contender.client != contender.server || contender.server == Program::Upstream {
                    continue;
                }
                let broker = player.broker.map(|broker| &self.brokers[broker]);
                if let Ok(mut server) = pair::start_server(self.transport, contender, broker) {
                    let milliseconds = server.start_up.as_secs_f64() * 1e3;
                    // One that is killed is waited for by the next, where there are groups.
                    if let Err(why) = server.end() {
                        eprintln!("{}: {why}", contender.name);
                    }
                    self.measured
                        .start_up
                        .add(SERVER, contender.name, milliseconds);
                }
            }
        }
    }

    fn warm_up(&mut self, player: &mut Player) {
        let order = rows::warm_up(self.settings);
        self.start(player);
        let broker = player.broker.map(|broker| &self.brokers[broker]);
        if let Some(pair) = &mut player.pair
            && let Err(why) = pair.order(&order, broker)
        {
            player.stops(&why);
        }
    }

    fn start(&self, player: &mut Player) {
        if player.pair.is_some() || player.failed_starts == STARTS {
            return;
        }
        let broker = player.broker.map(|broker| &self.brokers[broker]);
        if player.contender.needs(&self.missing) {
            player.failed_starts = STARTS;
            return player.stops("it could not be built");
        }
        match Pair::start(self.transport, &player.contender, broker) {
            Ok(pair) => player.pair = Some(pair),
            Err(why) => {
                player.failed_starts += 1;
                player.stops(&why);
            }
        }
    }

    fn turn(&mut self, row: &Row, player: &mut Player) {
        let name = player.contender.name;
        if self.measured.has_failed(&row.name, name) {
            return;
        }
        let Some(order) = self.order(row, name) else {
            let why = "there is no peak to take half of";
            return self.measured.fails(&row.name, name, why);
        };
        self.start(player);
        let broker = player.broker.map(|broker| &self.brokers[broker]);
        let Some(pair) = &mut player.pair else {
            return self.measured.fails(&row.name, name, &player.why);
        };
        match pair.order(&order, broker) {
            Ok((outcome, cpu)) if outcome.done > 0 => {
                self.measured.add(&row.name, name, &outcome, cpu);
            }
            Ok((Outcome { error, .. }, _)) => {
                let why = error.unwrap_or_else(|| "nothing came of it".to_owned());
                self.measured.fails(&row.name, name, &why);
            }
            Err(why) => {
                self.measured.fails(&row.name, name, &why);
                player.stops(&why);
            }
        }
    }

    fn order(&self, row: &Row, contender: &str) -> Option<Order> {
        match &row.what {
            What::Order(order) => Some(order.clone()),
            What::HalfOfPeak => {
                let peak = self.measured.rate.spread(&rows::main(), contender).ok()?;
                Some(Order::Paced {
                    bytes: rows::SMALL,
                    rate: peak.middle / 2.0,
                    seconds: self.settings.seconds,
                })
            }
        }
    }

    fn weigh(&mut self, player: &Player) {
        if let Some(pair) = &player.pair {
            let (server, client) = pair.memory();
            let name = player.contender.name;
            let (of_server, of_client) = (
                &mut self.measured.memory_of_server,
                &mut self.measured.memory_of_client,
            );
            of_server.add(SERVER, name, server as f64 / 1e6);
            of_client.add(SERVER, name, client as f64 / 1e6);
        }
    }
}

impl Player {
    fn stops(&mut self, why: &str) {
        eprintln!("{}: {why}", self.contender.name);
        self.pair = None;
        self.why = why.to_owned();
    }
}
