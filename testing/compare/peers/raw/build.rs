fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = protox::compile(["notes.proto"], ["."])?;
    println!("cargo::rerun-if-changed=notes.proto");
    Ok(tonic_prost_build::configure().compile_fds(files)?)
}
