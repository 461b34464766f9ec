//! What the proto files say, as Rust and as descriptors: what a build script of
//! any service does.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use prost::Message;

const FILES: [&str; 4] = [
    "math.proto",
    "chunks.proto",
    "shop/orders.proto",
    "shop/billing.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    let descriptors = protox::compile(FILES, ["proto"])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    let mut config = tonic_prost_build::Config::new();
    // So that the server can compare what handlers take with the files.
    config.enable_type_names();
    tonic_prost_build::configure()
        .build_server(false)
        .build_transport(false)
        .compile_fds_with_config(descriptors, config)?;
    println!("cargo::rerun-if-changed=proto");
    Ok(())
}
