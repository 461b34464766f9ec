//! The `nestrs` that crates.io has, as its documentation has it.

mod client;
mod server;

use load::Failure;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let (side, transport, address) = load::arguments()?;
    match side.as_str() {
        "server" => server::run(&transport, &address).await,
        _ => load::run(|| client::connect(&transport, &address)).await,
    }
}
