//! Compresses the description of the API, a fiftieth of the program that is seldom asked for.

use std::path::PathBuf;
use std::{env, fs, io};

use miniz_oxide::deflate::{CompressionLevel, compress_to_vec};

const DESCRIPTION: &str = "packaging/generated/openapi.json";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={DESCRIPTION}");
    let directory = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let best = CompressionLevel::BestCompression as u8;
    let compressed = compress_to_vec(&fs::read(DESCRIPTION)?, best);
    fs::write(directory.join("openapi.json.deflate"), compressed)
}
