//! What the service of all who take part says, as Rust and as descriptors for the server.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use prost::Message;

const FOLDER: &str = "../raw";

fn main() -> Result<(), Box<dyn Error>> {
    let descriptors = protox::compile(["notes.proto"], [FOLDER])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("notes.bin"), descriptors.encode_to_vec())?;
    let mut config = tonic_prost_build::Config::new();
    config.enable_type_names();
    tonic_prost_build::configure()
        .build_server(false)
        .build_transport(false)
        .compile_fds_with_config(descriptors, config)?;
    println!("cargo::rerun-if-changed={FOLDER}/notes.proto");
    Ok(())
}
