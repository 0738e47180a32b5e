//! Random numbers that are cheap and the same in every run: SplitMix64 (Steele, Lea and Flood, 2014).

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub(super) struct Rng(u64);

impl Rng {
    /// The stream of that seed.
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub(super) const fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below the bound; zero if the bound is zero.
    pub(super) const fn below(&mut self, bound: u64) -> u64 {
        ((self.any() as u128 * bound as u128) >> 64) as u64
    }
}
