//! A scratch folder, a small project, and the built program.
#![allow(dead_code)] // each test file uses its part
#![allow(clippy::disallowed_methods)] // tests of the rim read and write files

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A folder of its own, removed at the end.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Scratch {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("counterpoint-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// A small national project `shop` that fits in a moment.
    pub(crate) fn shop(&self) -> PathBuf {
        self.write("shop/counterpoint.toml", PROJECT);
        self.write("shop/data.csv", table());
        self.path("shop")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) const PROJECT: &str = r#"name = "Shop"
currency = "EUR"

[data]
table = "data.csv"
date = "week"

[outcome]
column = "revenue"

[[channel]]
name = "search"
spend = "search_spend"

[[channel]]
name = "radio"
spend = "radio_spend"

[controls]
columns = ["price"]

[model]
season = { yearly = 0 }

[sampler]
chains = 2
warmup = 100
draws = 100
"#;

/// 60 weeks, the same every time.
pub(crate) fn table() -> String {
    let mut out = String::from("week,revenue,search_spend,radio_spend,price\n");
    let first: jiff::civil::Date = "2025-01-06".parse().unwrap();
    for t in 0..60_i64 {
        let x = t as f64;
        let (search, radio) = (100.0 + 60.0 * (x * 1.3).sin(), if t % 5 < 2 { 180.0 } else { 0.0 });
        let price = 10.0 + (x * 0.7).cos();
        let noise = 25.0 * ((x * 12.9898).sin() * 43_758.545_3).fract();
        let revenue = 1000.0 + 1.5 * search + 0.8 * radio - 20.0 * price + noise;
        let day = first.checked_add(jiff::Span::new().days(7 * t)).unwrap();
        out += &format!("{day},{revenue:.1},{search:.1},{radio:.1},{price:.2}\n");
    }
    out
}

/// The program with these arguments.
pub(crate) fn program<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_counterpoint"));
    command.args(args);
    command
}

/// Runs the program.
pub(crate) fn run<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Output {
    program(args).output().unwrap()
}

/// Runs the program, wants this exit code, and gives what it said on both ways out.
pub(crate) fn said<S: AsRef<std::ffi::OsStr>>(args: &[S], code: i32) -> String {
    let output = run(args);
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(!text.contains("panicked") && !text.contains("this is a bug"), "{text}");
    text
}

/// Runs the program with `--json`, wants this exit code, and gives the one object on standard output.
pub(crate) fn object(args: &[&str], code: i32) -> Value {
    let output = run(&[args, &["--json"]].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{text} {complaint}");
    assert_eq!(text.lines().count(), 1, "{text}");
    let value: Value = serde_json::from_str(&text).unwrap();
    assert!(value.is_object());
    value
}

/// The only run of a project.
pub(crate) fn only_run(project: &Path) -> PathBuf {
    let runs: Vec<PathBuf> = std::fs::read_dir(project.join("runs")).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(runs.len(), 1, "{runs:?}");
    runs[0].clone()
}

/// The files of a run by name, without the clock and the place in `run.json`.
pub(crate) fn files(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut bytes = std::fs::read(&path).unwrap();
        if name == "run.json" {
            let mut value: Value = serde_json::from_slice(&bytes).unwrap();
            ["created", "seconds", "project_dir"].iter().for_each(|key| {
                assert!(value.as_object_mut().unwrap().remove(*key).is_some());
            });
            bytes = value.to_string().into_bytes();
        }
        (name, bytes)
    };
    std::fs::read_dir(run).unwrap().map(read).collect()
}

/// The path as an argument.
pub(crate) fn arg(path: &Path) -> &str {
    path.to_str().unwrap()
}
