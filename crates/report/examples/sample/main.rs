//! Writes sample reports to a folder: `cargo run -p counterpoint-report --example sample -- DIR`.
#![allow(clippy::disallowed_methods)] // An example is a program of its own: it writes the files that it shows.

mod creators;
mod data;
mod plan;
mod trust;

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("which folder? sample DIR")?);
    std::fs::create_dir_all(&folder)?;
    for (name, shape) in data::SHAPES {
        let html = counterpoint_report::render(&data::report(&shape));
        std::fs::write(folder.join(format!("{name}.html")), html)?;
    }
    Ok(())
}
