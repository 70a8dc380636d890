//! The time that events get while there are requests.

use std::time::Duration;

/// Events get one part in this many of the cores' time: at least that, and while there are requests no more.
const FLOOR: u32 = 10;
/// Requests count as present this long after the last one: a client that sends them one by one leaves gaps.
const QUIET: Duration = Duration::from_millis(100);
/// They do not if there were no more than this, each this soon after the one before: a large upload by itself is two, and
/// its renditions need not wait for further ones.
const FEW: u32 = 2;
/// Maximum that is saved up: one longer step.
const MOST_SAVED_NS: i64 = 100_000_000;
/// Maximum that is owed after a very long step, so that the next one is not too far away.
const MOST_OWED_NS: i64 = -1_000_000_000;

/// Earned by time that passes while there are requests, spent by events that run meanwhile.
pub(super) struct Budget {
    cores: u32,
    saved_ns: i64,
    /// The time at which `saved_ns` was up to date.
    at: Duration,
    busy_until: Duration,
    /// Requests, each of which began before the one before had ended or [`QUIET`] after it.
    in_a_row: u32,
    row_ends: Duration,
}

impl Budget {
    pub(super) fn new(cores: usize) -> Self {
        let cores = u32::try_from(cores).unwrap_or(u32::MAX);
        let [at, busy_until, row_ends] = [Duration::ZERO; 3];
        Self { cores, saved_ns: 0, at, busy_until, in_a_row: 0, row_ends }
    }

    /// A request came; `has_requests` if there was another.
    pub(super) fn request_came(&mut self, has_requests: bool, now: Duration) {
        let follows = has_requests || now < self.row_ends;
        self.in_a_row = if follows { self.in_a_row.saturating_add(1) } else { 1 };
    }

    pub(super) fn request_ended(&mut self, now: Duration) {
        self.row_ends = now + QUIET;
        if self.in_a_row > FEW {
            self.busy_until = self.row_ends;
        }
    }

    pub(super) fn is_busy(&self, has_requests: bool, now: Duration) -> bool {
        has_requests || now < self.busy_until
    }

    /// Brings it up to date: since the last call, requests were present or not, and this many events ran.
    pub(super) fn spend(&mut self, has_requests: bool, events: usize, now: Duration) {
        let busy_until = if has_requests { now } else { now.min(self.busy_until) };
        let elapsed_ns = nanoseconds(busy_until.saturating_sub(self.at));
        let events = i64::try_from(events).unwrap_or(i64::MAX);
        let earned = elapsed_ns.saturating_mul(i64::from(self.cores)) / i64::from(FLOOR);
        let spent = elapsed_ns.saturating_mul(events);
        self.saved_ns =
            self.saved_ns.saturating_add(earned).saturating_sub(spent).clamp(MOST_OWED_NS, MOST_SAVED_NS);
        if !self.is_busy(has_requests, now) {
            self.saved_ns = 0;
        }
        self.at = self.at.max(now);
    }

    pub(super) fn allows_event(&self) -> bool {
        self.saved_ns >= 0
    }

    /// When the next event may begin, if only time has to pass.
    pub(super) fn event_at(&self, has_requests: bool, now: Duration) -> Option<Duration> {
        let owed_ns = u64::try_from(-self.saved_ns).unwrap_or(0);
        let paid = now
            + (Duration::from_nanos(owed_ns) * FLOOR).div_f64(f64::from(self.cores))
            + Duration::from_micros(1);
        match (owed_ns, has_requests) {
            // Already, as soon as there is memory.
            (0, _) => None,
            (_, true) => Some(paid),
            (_, false) => Some(paid.min(self.busy_until)),
        }
    }
}

fn nanoseconds(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}
