//! Which requests were answered, so that a second answer is noticed: Redis
//! hands each request to every server that is subscribed.

use rustc_hash::FxHashSet;

/// How many requests are remembered.
const REMEMBERED: usize = 4_096;

/// The requests answered last.
pub(crate) struct Answered {
    /// Each in the place of its number.
    numbers: Vec<u64>,
    /// The channels that were complained about.
    told: FxHashSet<String>,
}

impl Default for Answered {
    fn default() -> Self {
        Self {
            numbers: vec![0; REMEMBERED],
            told: FxHashSet::default(),
        }
    }
}

impl Answered {
    /// A request was answered.
    pub(crate) fn once(&mut self, number: u64) {
        let place = place(number);
        self.numbers[place] = number;
    }

    /// A reply came that nobody waits for: too late, or a second one.
    pub(crate) fn again(&mut self, number: u64, channel: &str) {
        if self.numbers[place(number)] == number && self.told.insert(channel.to_owned()) {
            tracing::warn!(
                channel,
                "more than one server answers the requests to this pattern, and all but the first \
                 do it in vain: Redis hands a request to every server that is subscribed"
            );
        }
    }
}

fn place(number: u64) -> usize {
    // Below the length, which fits.
    (number % REMEMBERED as u64) as usize
}
