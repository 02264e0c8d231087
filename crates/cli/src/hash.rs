//! A fingerprint of bytes: FNV-1a of 128 bits. It tells changed files apart; it is no protection against forgery.

/// A fingerprint that grows part by part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hash(u128);

/// Offset basis and prime of FNV-1a, 128 bits (Fowler, Noll, Vo; draft-eastlake-fnv).
const BASIS: u128 = 0x6c62272e07bb014262b821756295c58d;
const PRIME: u128 = 0x0000000001000000000000000000013b;

impl Hash {
    /// Of nothing.
    pub(crate) fn new() -> Hash {
        Hash(BASIS)
    }

    /// Of bytes.
    pub(crate) fn of(bytes: &[u8]) -> Hash {
        Hash(bytes.iter().fold(BASIS, |h, b| (h ^ u128::from(*b)).wrapping_mul(PRIME)))
    }

    /// The same with one more part. A part's length counts too, so that no two lists of parts run together.
    #[must_use]
    pub(crate) fn with(self, part: &[u8]) -> Hash {
        let length = (part.len() as u64).to_le_bytes();
        Hash(length.iter().chain(part).fold(self.0, |h, b| (h ^ u128::from(*b)).wrapping_mul(PRIME)))
    }

    /// Its bytes.
    pub(crate) fn bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }

    /// 32 hexadecimal digits.
    pub(crate) fn hex(self) -> String {
        format!("{:032x}", self.0)
    }

    /// The first 8 digits.
    pub(crate) fn short(self) -> String {
        self.hex()[..8].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::Hash;

    #[test]
    fn it_is_the_published_fnv_1a() {
        // test vector of the FNV draft for the text "a"
        assert_eq!(Hash::of(b"a").hex(), "d228cb696f1a8caf78912b704e4a8964");
        assert_eq!(Hash::of(b""), Hash::new());
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(Hash::new().with(b"ab").with(b"c"), Hash::new().with(b"a").with(b"bc"));
    }
}
