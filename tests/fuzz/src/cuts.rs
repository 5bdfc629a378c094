//! Random numbers that are the same in each run, and bytes cut in random places.

/// Xorshift (Marsaglia, 2003): enough to choose places and bytes, and nothing to depend on.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The numbers of this seed.
    pub fn seeded(seed: u64) -> Random {
        Random(seed | 1)
    }

    /// The numbers that belong to these bytes, so that an input alone repeats all of a failure. (FNV-1a.)
    pub fn of(data: &[u8]) -> Random {
        let hash = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        Random::seeded(data.iter().fold(0xcbf2_9ce4_8422_2325, hash))
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        // The high bits are the better ones.
        ((self.0 >> 16) % end as u64) as usize
    }
}

/// Sizes of pieces that `data` is to be cut into: whole, byte by byte, and three times at random.
pub fn ways(data: &[u8]) -> Vec<Vec<usize>> {
    let mut ways = vec![vec![data.len()], vec![1; data.len()]];
    let mut random = Random::of(data);
    for longest in [3, 17, data.len().max(1)] {
        let mut sizes = Vec::new();
        let mut left = data.len();
        while left > 0 {
            let size = (1 + random.below(longest)).min(left);
            sizes.push(size);
            left -= size;
        }
        ways.push(sizes);
    }
    ways
}
