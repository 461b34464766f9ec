//! What `stock.proto` says, as Rust and as descriptors for the server.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use prost::Message;

fn main() -> Result<(), Box<dyn Error>> {
    let descriptors = protox::compile(["stock.proto"], ["grpc-proto"])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("stock.bin"), descriptors.encode_to_vec())?;
    let mut config = tonic_prost_build::Config::new();
    // So that handlers can be compared with the file.
    config.enable_type_names();
    tonic_prost_build::configure()
        .build_server(false)
        .build_transport(false)
        .compile_fds_with_config(descriptors, config)?;
    println!("cargo::rerun-if-changed=grpc-proto");
    Ok(())
}
