//! A run opened again: the project as it was fitted, its data, the model, and the draws of the run folder.

use crate::load::{Loaded, load};
use crate::run_folder::{DRAWS, run_json};
use anyhow::{Context, anyhow, bail};
use counterpoint::data::{Cells, Dataset, Table};
use counterpoint::model::build::Model;
use counterpoint::project::{Project, SamplerSpec};
use counterpoint_infer::nuts::ChainDraws;
use counterpoint_sources::{PROJECT_FILE, read_table};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A run whose project folder is still what it was.
pub(crate) struct Reopened {
    /// `run.json`.
    pub(crate) about: Value,
    /// The project, with the seed of the run.
    pub(crate) project: Project,
    /// The project's folder.
    pub(crate) dir: PathBuf,
    loaded: Loaded,
}

impl Reopened {
    /// Reads the project of a run anew; an error where it is not the one that was fitted.
    pub(crate) fn open(run: &Path) -> anyhow::Result<Reopened> {
        let about = run_json::read(run)?;
        let dir = about["project_dir"]
            .as_str()
            .map(|dir| run.join(dir))
            .context("run.json does not name the project's folder")?;
        let loaded = load(&dir);
        let Some((project, _)) = loaded.ready() else {
            bail!("the project in {} cannot be read any more; see: counterpoint check {0}", dir.display());
        };
        if about["project_hash"].as_str() != Some(&loaded.hash.hex()) {
            bail!(
                "the project file or a table in {} has changed since this run, so its draws do not belong to it any more; fit again",
                dir.display()
            );
        }
        let seed = about["settings"]["sampler"]["seed"].as_u64().context("run.json has no seed")?;
        let mut project = Project { sampler: SamplerSpec { seed, ..project.sampler.clone() }, ..project.clone() };
        if about["settings"]["prior_only"].as_bool() == Some(true) {
            project.model.integrate_baseline = false;
        }
        Ok(Reopened { about, project, dir, loaded })
    }

    /// The data.
    pub(crate) fn dataset(&self) -> anyhow::Result<&Dataset> {
        self.loaded.dataset.as_ref().context("the project has no data")
    }

    /// The model and the chains of the run in its coordinates.
    pub(crate) fn fitted(&self, run: &Path) -> anyhow::Result<(Arc<Model>, Vec<ChainDraws>)> {
        let model = Arc::new(Model::new(&self.project, self.dataset()?));
        let chains = draws(run, &model)?;
        Ok((model, chains))
    }
}

/// The text of the project file of a run, as it is now.
pub(crate) fn project_text(run: &Path) -> anyhow::Result<String> {
    let about = run_json::read(run)?;
    let dir = about["project_dir"].as_str().context("run.json does not name the project's folder")?;
    let path = run.join(dir).join(PROJECT_FILE);
    std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// The chains of a run, in the coordinates of `model`.
fn draws(run: &Path, model: &Model) -> anyhow::Result<Vec<ChainDraws>> {
    let table = read_table(run, DRAWS).map_err(|findings| {
        anyhow!("{} cannot be read: {}", run.join(DRAWS).display(), findings.first().map_or("", |f| &f.found))
    })?;
    let chain = numbers(&table, "chain")?;
    let columns = model.parameters.iter().map(|p| match p.coordinate {
        Some(_) => numbers(&table, &p.name),
        None => Ok(vec![p.prior.middle(); table.rows()]),
    });
    let columns: Vec<Vec<f64>> = columns.collect::<anyhow::Result<_>>()?;
    let mut out: Vec<ChainDraws> = Vec::new();
    for (row, this) in chain.iter().enumerate() {
        if row == 0 || chain[row - 1] != *this {
            out.push(ChainDraws::at(model.parameters.sampled(), Vec::new()));
        }
        let values: Vec<f64> = columns.iter().map(|column| column[row]).collect();
        if let Some(last) = out.last_mut() {
            last.positions.extend(model.parameters.position(&values));
        }
    }
    Ok(out)
}

fn numbers(table: &Table, name: &str) -> anyhow::Result<Vec<f64>> {
    match table.column(name).map(|c| &c.cells) {
        Some(Cells::Number(values)) => Ok(values.iter().map(|v| v.unwrap_or(f64::NAN)).collect()),
        _ => bail!("{DRAWS} has no column of numbers {name:?}; fit again"),
    }
}
