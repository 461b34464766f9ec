//! Ours, as users write it.

mod client;
mod methods;
mod server;

use load::Failure;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let (side, transport, address) = load::arguments()?;
    match (side.as_str(), transport.as_str()) {
        ("server", "all") => server::run_all(&address).await,
        ("server", "grpc-methods") => methods::serve(&address).await,
        ("client", "grpc-methods") => load::run(|| methods::connect(&address)).await,
        ("server", _) => server::run(&transport, &address).await,
        _ => load::run(|| client::connect(&transport, &address)).await,
    }
}
