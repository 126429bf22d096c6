//! Which requests are traced.

use super::context::Origin;

/// Who says whether a request is traced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhoDecides {
    /// The caller's sampled flag, where the caller says; this process where it begins the trace.
    Caller,
    /// This process, whatever the caller says.
    Process,
}

/// `OTEL_TRACES_SAMPLER` with `OTEL_TRACES_SAMPLER_ARG`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampler {
    who: WhoDecides,
    /// A trace is taken when 63 bits of its id are below this, of 2^63. Every process that counts so and knows the id
    /// decides the same (OpenTelemetry's TraceIdRatioBased sampler, as its SDKs have it).
    below: u64,
}

/// 2^63.
const ALL: u64 = 1 << 63;

impl Sampler {
    /// The sampler of that name; `ratio` (0 to 1) is for those that have one. `None` for a name that is not known.
    pub fn named(name: &str, ratio: f64) -> Option<Self> {
        let (who, kind) = match name.strip_prefix("parentbased_") {
            Some(kind) => (WhoDecides::Caller, kind),
            None => (WhoDecides::Process, name),
        };
        let below = match kind {
            "always_on" => ALL,
            "always_off" => 0,
            "traceidratio" => share(ratio),
            _ => return None,
        };
        Some(Self { who, below })
    }

    pub(super) fn takes(self, origin: &Origin) -> bool {
        match (self.who, origin.sampled) {
            (WhoDecides::Caller, Some(sampled)) => sampled,
            _ => {
                let [.., a, b, c, d, e, f, g, h] = origin.trace_id;
                u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 1 < self.below
            }
        }
    }
}

/// `ratio` of 2^63.
fn share(ratio: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "0 to 2^63, whose powers of two are exact; a cast from f64 saturates"
    )]
    let share = (ratio.clamp(0.0, 1.0) * ALL as f64) as u64;
    share
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(name: &str, ratio: f64, trace: u128, sampled: Option<bool>) -> bool {
        let sampler = Sampler::named(name, ratio).unwrap_or_else(|| panic!("{name} is not known"));
        sampler.takes(&Origin { sampled, ..Origin::new(trace.to_be_bytes()) })
    }

    #[test]
    fn a_callers_flag_counts_where_the_caller_decides_and_only_there() {
        let all = u128::MAX;
        for (name, none, no, yes) in [
            ("always_on", true, true, true),
            ("always_off", false, false, false),
            ("traceidratio", false, false, false),
            ("parentbased_always_on", true, false, true),
            ("parentbased_always_off", false, false, true),
            ("parentbased_traceidratio", false, false, true),
        ] {
            let seen = [None, Some(false), Some(true)].map(|sampled| taken(name, 0.5, all, sampled));
            assert_eq!(seen, [none, no, yes], "{name}");
        }
        for unknown in ["", "parentbased_", "jaeger_remote", "xray"] {
            assert_eq!(Sampler::named(unknown, 0.5), None, "{unknown}");
        }
    }

    #[test]
    fn a_ratio_takes_that_share_of_the_ids() {
        // Ids evenly spread over the bits that count.
        let ids = (0..1000_u128).map(|number| (1 << 64) | (number * u128::from(u64::MAX / 1000)));
        for (ratio, expected) in [(0.0, 0), (0.01, 10), (0.25, 250), (1.0, 1000)] {
            let count = ids.clone().filter(|id| taken("traceidratio", ratio, *id, None)).count();
            assert!(count.abs_diff(expected) <= 1, "{ratio}: {count}");
        }
    }
}
