//! Ours, as users write it.

mod client;
mod server;

use load::Failure;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let (side, transport, address) = load::arguments()?;
    match side.as_str() {
        "server" if transport == "all" => server::run_all(&address).await,
        "server" => server::run(&transport, &address).await,
        _ => load::run(|| client::connect(&transport, &address)).await,
    }
}
