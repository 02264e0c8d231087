//! Reads a project folder: file, tables, checks. Every finding at once.

use crate::hash::Hash;
use counterpoint::data::{self, Dataset, Table};
use counterpoint::finding::{Finding, any_fail};
use counterpoint::project::Project;
use counterpoint_sources::{PROJECT_FILE, load_project, read_bytes, table_from_bytes, without_plan};
use std::path::{Path, PathBuf};

/// A project folder as it was read.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The folder.
    pub(crate) dir: PathBuf,
    /// The project; none where its file has a FAIL.
    pub(crate) project: Option<Project>,
    /// The data; none where anything has a FAIL.
    pub(crate) dataset: Option<Dataset>,
    /// What the checks said: project file, tables, assembly, exploration.
    pub(crate) findings: Vec<Finding>,
    /// Text of the project file.
    pub(crate) text: String,
    /// Fingerprint of the project file, its `[plan]` left out, and of the bytes of its tables.
    pub(crate) hash: Hash,
}

impl Loaded {
    /// Whether a finding forbids a fit.
    pub(crate) fn failed(&self) -> bool {
        any_fail(&self.findings) || self.dataset.is_none()
    }

    /// Project and data of a folder without a FAIL.
    pub(crate) fn ready(&self) -> Option<(&Project, &Dataset)> {
        if self.failed() { None } else { Some((self.project.as_ref()?, self.dataset.as_ref()?)) }
    }
}

/// Reads and checks a project folder.
pub(crate) fn load(dir: &Path) -> Loaded {
    let mut loaded = Loaded {
        dir: dir.to_owned(),
        project: None,
        dataset: None,
        findings: Vec::new(),
        text: String::new(),
        hash: Hash::new(),
    };
    let (project, findings, text) = match load_project(dir) {
        Ok(read) => read,
        Err(findings) => {
            loaded.findings = findings;
            return loaded;
        }
    };
    loaded.findings = findings;
    loaded.hash = Hash::new().with(PROJECT_FILE.as_bytes()).with(without_plan(&text).as_bytes());
    loaded.text = text;
    if let Some(tables) = tables(dir, &project, &mut loaded) {
        let (dataset, findings) = data::assemble(&project, &tables);
        loaded.findings.extend(findings);
        if let Some(dataset) = &dataset {
            loaded.findings.extend(data::explore(&project, dataset));
        }
        loaded.dataset = dataset;
    }
    loaded.project = Some(project);
    loaded
}

/// All tables in the order that assembly wants; none where one cannot be read.
fn tables(dir: &Path, project: &Project, loaded: &mut Loaded) -> Option<Vec<Table>> {
    let files = project.tables();
    let mut tables = Vec::new();
    for file in &files {
        let bytes = match read_bytes(dir, file) {
            Ok(bytes) => bytes,
            Err(finding) => {
                loaded.findings.push(*finding);
                continue;
            }
        };
        loaded.hash = loaded.hash.with(file.as_bytes()).with(&bytes);
        match table_from_bytes(file, bytes) {
            Ok(table) => tables.push(table),
            Err(findings) => loaded.findings.extend(findings),
        }
    }
    (tables.len() == files.len()).then_some(tables)
}
