//! Imports point one way: the tables of ARCHITECTURE.md, kept.
#![allow(clippy::disallowed_methods)] // tests of the rim read files

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Which of our crates each crate may name in its manifest.
const CRATES: [(&str, &[&str]); 8] = [
    ("infer", &[]),
    ("counterpoint", &["infer"]),
    ("experiment", &["infer"]),
    ("report", &[]),
    ("sources", &["counterpoint"]),
    ("plan", &["counterpoint", "infer"]),
    ("cli", &["counterpoint", "experiment", "infer", "plan", "report", "sources"]),
    ("bench", &["counterpoint", "experiment", "infer", "plan", "sources"]),
];

/// Which modules of the engine each of its modules may name, beside itself. The first row that fits a file counts.
/// A prior is a plain distribution that the project file holds, so it stands below the project.
const MODULES: [(&str, &[&str]); 7] = [
    ("model::prior", &[]),
    ("finding", &[]),
    ("project", &["model::prior"]),
    ("data", &["finding", "project"]),
    ("creators", &["data", "project"]),
    ("model", &["creators", "data", "project"]),
    ("simulate", &["creators", "finding", "project", "data", "model"]),
];

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources(folder: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// The path of a module from its file: `data/assemble/mod.rs` is `data::assemble`.
fn module(file: &Path, src: &Path) -> String {
    let path = file.strip_prefix(src).unwrap().with_extension("");
    let parts: Vec<String> = path.iter().map(|p| p.to_string_lossy().into_owned()).filter(|p| p != "mod").collect();
    parts.join("::")
}

/// The paths that code names after `crate::`, groups in braces resolved at their first level; comments left out.
fn named(text: &str) -> BTreeSet<String> {
    let code: String = text.lines().map(|l| l.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n");
    let mut out = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with('$') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => out.extend(top_level(group)),
            None => {
                out.insert(path_at(rest));
            }
        }
    }
    out
}

fn path_at(text: &str) -> String {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    text[..end].trim_end_matches(':').to_owned()
}

/// The first parts of the items of a group in braces.
fn top_level(group: &str) -> Vec<String> {
    let (mut depth, mut item, mut out) = (0, String::new(), Vec::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => out.push(std::mem::take(&mut item)),
            _ if depth == 0 => item.push(c),
            _ => {}
        }
    }
    out.push(item);
    out.iter().map(|item| path_at(item.trim())).filter(|item| !item.is_empty()).collect()
}

/// Whether `path` is `module` or lies in it.
fn within(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn allowed(from: &str, to: &str) -> bool {
    let Some((own, others)) = MODULES.iter().find(|(module, _)| within(from, module)) else { return true };
    within(to, own) || others.iter().any(|other| within(to, other))
}

#[test]
fn modules_of_the_engine_import_what_stands_below_them() {
    let src = crates().join("counterpoint/src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut seen = 0;
    for file in files {
        let from = module(&file, &src);
        for to in named(&std::fs::read_to_string(&file).unwrap()) {
            seen += 1;
            assert!(allowed(&from, &to), "{from} imports {to}, which does not stand below it");
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn crates_depend_one_way() {
    for (name, may) in CRATES {
        let manifest = std::fs::read_to_string(crates().join(name).join("Cargo.toml")).unwrap();
        let section = manifest.split("[dependencies]").nth(1).and_then(|rest| rest.split("\n[").next()).unwrap_or("");
        for line in section.lines().filter(|l| l.starts_with("counterpoint")) {
            let dependency = line.split(['.', ' ', '=']).next().unwrap();
            let short = dependency.strip_prefix("counterpoint-").unwrap_or(dependency);
            assert!(may.contains(&short), "{name} depends on {dependency}");
        }
    }
}

#[test]
fn the_pure_crates_name_nothing_of_the_world() {
    for name in ["infer", "counterpoint", "experiment", "plan", "report"] {
        let mut files = Vec::new();
        sources(&crates().join(name).join("src"), &mut files);
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            for word in ["std::fs", "std::net", "std::env", "std::process", "std::time"] {
                assert!(!text.contains(word), "{} names {word}", file.display());
            }
        }
    }
}

#[test]
fn imports_are_found_in_every_form() {
    let text = "use crate::data::{A, B};\nuse crate::{\n    model::{fit, prior},\n    finding,\n};\nlet x = crate::project::P::Q; // crate::no\n";
    let found: Vec<String> = named(text).into_iter().collect();
    assert_eq!(found, ["data", "finding", "model", "project::P::Q"]);
    assert!(allowed("model::fit", "data::Dataset") && !allowed("data::explore", "model::fit"));
    assert!(allowed("project", "model::prior::Prior") && !allowed("project", "model::fit"));
    assert!(!allowed("model::prior", "project::Project"));
}
