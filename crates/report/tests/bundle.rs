//! The committed bundle is the one that the sources in `web` make.
#![allow(clippy::disallowed_methods)] // A test reads the sources that it compares.

use std::path::{Path, PathBuf};

const MANIFEST: &str = include_str!("../../../web/dist/sources.fnv1a");
const SCRIPT: &str = include_str!("../../../web/dist/report.js");

fn web() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web")
}

/// FNV-1a, 64 bits, as `web/build.mjs` computes it.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}

fn files_under(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files_under(&path, found) } else { found.push(path) }
    }
}

#[test]
fn the_bundle_was_built_from_the_sources_as_they_are_now() {
    let mut files = vec![web().join("build.mjs"), web().join("package.json"), web().join("package-lock.json")];
    files_under(&web().join("src"), &mut files);
    let mut lines: Vec<String> = files
        .iter()
        .map(|path| {
            let name = path.strip_prefix(web()).unwrap().to_string_lossy().replace('\\', "/");
            format!("{:016x}  {name}", hash(&std::fs::read(path).unwrap()))
        })
        .collect();
    lines.sort_by(|a, b| a[18..].cmp(&b[18..]));
    let built: Vec<&str> = MANIFEST.lines().collect();
    assert_eq!(lines, built, "the sources changed after the bundle was built: run `npm ci && npm run build` in web");
}

#[test]
fn the_bundle_may_stand_inside_a_script_element() {
    let lower = SCRIPT.to_ascii_lowercase();
    assert!(!lower.contains("</script"), "it would end the element that holds it");
    assert!(!lower.contains("<!--"), "it would open a comment in the element that holds it");
    assert!(SCRIPT.len() > 100_000);
}

#[test]
fn the_bundle_carries_the_licences_of_what_it_holds() {
    for notice in ["@observablehq/plot: Copyright", "d3: Copyright", "this permission notice appear in all copies"] {
        assert!(SCRIPT.contains(notice), "{notice}");
    }
}
