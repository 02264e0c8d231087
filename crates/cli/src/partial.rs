//! Finished chains of a fit that has not come to its end, kept so that the same fit can go on from there.
//!
//! `DIR/runs/.partial-<hash>/chain-<k>.bin`, little endian: 8 bytes `CPCHAIN` and the version; the fingerprint of the fit and that of
//! the coordinates (16 bytes each); chain, dim, draws, energies, divergences, largest-depth hits, gradients, warm-up gradients
//! (8 bytes each); positions; energies; the fingerprint of all before (16 bytes).

use crate::hash::Hash;
use counterpoint_infer::nuts::ChainDraws;
use counterpoint_sources::write_file;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Name and version of the format.
const MAGIC: &[u8; 8] = b"CPCHAIN\x01";
/// Bytes before the numbers.
const HEADER: usize = 8 + 32 + 64;

/// Where finished chains of one fit are kept.
#[derive(Debug)]
pub(crate) struct Store {
    dir: PathBuf,
    fit: Hash,
    coordinates: Hash,
    notes: Mutex<Vec<String>>,
    kept: Mutex<Vec<usize>>,
}

impl Store {
    /// The store of a fit of a project folder. `coordinates` is the fingerprint of what the positions mean.
    pub(crate) fn new(project: &Path, fit: Hash, coordinates: Hash) -> Store {
        let dir = project.join("runs").join(format!(".partial-{}", &fit.hex()[..16]));
        Store { dir, fit, coordinates, notes: Mutex::default(), kept: Mutex::default() }
    }

    fn path(&self, chain: usize) -> PathBuf {
        self.dir.join(format!("chain-{chain}.bin"))
    }

    fn note(&self, note: String) {
        self.notes.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(note);
    }

    /// What there is to say; told once.
    pub(crate) fn take_notes(&self) -> Vec<String> {
        std::mem::take(&mut *self.notes.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// How many chains are kept.
    pub(crate) fn kept(&self) -> usize {
        self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner).len()
    }

    /// The chains that are there, whole and of this very fit. A file that is not, is left out with a note.
    pub(crate) fn resume(&self, chains: usize, dim: usize, draws: usize) -> Vec<Option<ChainDraws>> {
        let read = |chain: usize| {
            let path = self.path(chain);
            let bytes = std::fs::read(&path).ok()?;
            let found = decode(&bytes, self.fit, self.coordinates, chain)
                .filter(|c| c.dim == dim && c.positions.len() == dim * draws);
            match found {
                Some(_) => self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(chain),
                None => {
                    self.note(format!("{} is damaged or of another fit; that chain is run anew", path.display()));
                }
            }
            found
        };
        (0..chains).map(read).collect()
    }

    /// Keeps a chain. A failure is a note: the fit goes on without.
    pub(crate) fn keep(&self, chain: usize, draws: &ChainDraws) {
        let bytes = encode(draws, self.fit, self.coordinates, chain);
        let made = std::fs::create_dir_all(&self.dir).map_err(|e| e.to_string());
        match made.and_then(|()| write_file(&self.path(chain), &bytes).map_err(|e| e.to_string())) {
            Ok(()) => self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(chain),
            Err(error) => self.note(format!("chain {chain} could not be kept for a later start: {error}")),
        }
    }

    /// Removes the chains: the run is written.
    pub(crate) fn remove(&self) {
        // what cannot be removed does no harm: it is taken up only by the very same fit
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn encode(draws: &ChainDraws, fit: Hash, coordinates: Hash, chain: usize) -> Vec<u8> {
    let per_chain = draws.positions.len() / draws.dim.max(1);
    let mut out = Vec::with_capacity(HEADER + 8 * (draws.positions.len() + draws.energies.len()) + 16);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&fit.bytes());
    out.extend_from_slice(&coordinates.bytes());
    let sizes = [chain, draws.dim, per_chain, draws.energies.len()].map(|n| n as u64);
    let counts = [draws.divergences, draws.max_depth_hits, draws.gradients, draws.warmup_gradients];
    for n in sizes.into_iter().chain(counts) {
        out.extend_from_slice(&n.to_le_bytes());
    }
    for x in draws.positions.iter().chain(&draws.energies) {
        out.extend_from_slice(&x.to_le_bytes());
    }
    let checksum = Hash::of(&out);
    out.extend_from_slice(&checksum.bytes());
    out
}

fn decode(bytes: &[u8], fit: Hash, coordinates: Hash, chain: usize) -> Option<ChainDraws> {
    let (body, checksum) = bytes.split_at_checked(bytes.len().checked_sub(16)?)?;
    if Hash::of(body).bytes() != checksum {
        return None;
    }
    let (header, numbers) = body.split_at_checked(HEADER)?;
    let same = header[..8] == *MAGIC && header[8..24] == fit.bytes() && header[24..40] == coordinates.bytes();
    let word = |i: usize| header[40 + 8 * i..48 + 8 * i].try_into().map(u64::from_le_bytes).ok();
    let size = |i: usize| word(i).and_then(|n| usize::try_from(n).ok());
    let (dim, draws, energies) = (size(1)?, size(2)?, size(3)?);
    let positions = dim.checked_mul(draws)?;
    let expected = positions.checked_add(energies)?.checked_mul(8)?;
    if !same || word(0)? != chain as u64 || numbers.len() != expected {
        return None;
    }
    let number = |c: &[u8]| c.try_into().map_or(f64::NAN, f64::from_le_bytes);
    let mut all: Vec<f64> = numbers.chunks_exact(8).map(number).collect();
    let energies = all.split_off(positions);
    Some(ChainDraws {
        dim,
        every: 1,
        positions: all,
        energies,
        divergences: word(4)?,
        max_depth_hits: word(5)?,
        gradients: word(6)?,
        warmup_gradients: word(7)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain() -> ChainDraws {
        ChainDraws {
            dim: 2,
            every: 1,
            positions: vec![1.0, -0.0, f64::MIN_POSITIVE, 4.5, 1e300, 0.1],
            energies: vec![3.0, 2.0, 1.0],
            divergences: 1,
            max_depth_hits: 2,
            gradients: 3,
            warmup_gradients: 4,
        }
    }

    #[test]
    fn a_chain_comes_back_as_it_was() {
        let (a, b) = (Hash::of(b"a"), Hash::of(b"b"));
        assert_eq!(decode(&encode(&chain(), a, b, 3), a, b, 3), Some(chain()));
    }

    #[test]
    fn another_fit_and_any_damage_are_refused() {
        let (a, b) = (Hash::of(b"a"), Hash::of(b"b"));
        let bytes = encode(&chain(), a, b, 3);
        assert_eq!(decode(&bytes, b, b, 3), None);
        assert_eq!(decode(&bytes, a, a, 3), None);
        assert_eq!(decode(&bytes, a, b, 2), None);
        for cut in 0..bytes.len() {
            assert_eq!(decode(&bytes[..cut], a, b, 3), None);
        }
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert_eq!(decode(&damaged, a, b, 3), None);
        }
    }
}
