//! Writes the Rust of `proto/airlock/v1/*.proto` and the descriptor that proto3 JSON needs. `generate DIR`; `make docs` runs it.

use std::path::Path;

fn main() {
    let out = std::env::args().nth(1).expect("the folder to write to: generate DIR");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = protox::compile([root.join("airlock/v1/line.proto")], [root]).expect("the proto files compile");
    let descriptor = prost_encode(&files);
    std::fs::write(Path::new(&out).join("airlock.v1.bin"), descriptor).expect("written");
    prost_build::Config::new().out_dir(&out).compile_fds(files).expect("generated");
}

fn prost_encode(files: &impl prost::Message) -> Vec<u8> {
    files.encode_to_vec()
}
