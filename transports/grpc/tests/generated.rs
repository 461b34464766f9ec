//! What is generated from the protocol files is checked in, so that building
//! needs neither `protoc` nor a build script; here it is held to them.
//!
//! After a change to a file in `proto/`, run this test with `NESTRS_GENERATE=1`.

use std::fs;
use std::path::Path;

use protox::prost::Message;

const GENERATED: &str = "src/generated";
const CODE: &str = "nestrs.v1.rs";
const DESCRIPTORS: &str = "nestrs.v1.bin";

#[test]
fn what_is_checked_in_is_what_the_protocol_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = protox::compile(["nestrs/v1/patterns.proto"], [root.join("proto")]).unwrap();
    let out = Path::new(env!("CARGO_TARGET_TMPDIR"));
    tonic_prost_build::configure()
        .build_transport(false)
        .bytes(".")
        .out_dir(out)
        .compile_fds(files.clone())
        .unwrap();
    let code = fs::read(out.join(CODE)).unwrap();
    let descriptors = files.encode_to_vec();

    let checked_in = root.join(GENERATED);
    if std::env::var_os("NESTRS_GENERATE").is_some() {
        fs::write(checked_in.join(CODE), &code).unwrap();
        fs::write(checked_in.join(DESCRIPTORS), &descriptors).unwrap();
    }
    let is_current = |name, now: &[u8]| fs::read(checked_in.join(name)).unwrap() == now;
    assert!(is_current(CODE, &code), "{CODE} is out of date");
    assert!(
        is_current(DESCRIPTORS, &descriptors),
        "{DESCRIPTORS} is out of date"
    );
}
