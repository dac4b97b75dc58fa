//! Load: what else the machine did while something was measured.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use libc::{RUSAGE_CHILDREN, RUSAGE_SELF};

/// Processors, on average, that others may take: a tenth of a machine with two cores.
const MOST_OTHERS: f64 = 0.2;

/// How far the floor's median may be off, as a part of it. The machine's own ups and downs are everybody's, as commands take
/// turns: what counts is whether there were enough rounds for them.
const MOST_DOUBT: f64 = 0.1;

/// Clock ticks a second, in `/proc` of every Linux.
const TICKS: f64 = 100.0;

/// A stretch of time, from when it is made.
pub struct Watch {
    start: Instant,
    all: f64,
    own: f64,
}

impl Watch {
    pub fn begin() -> Watch {
        Watch { start: Instant::now(), all: processor_seconds_of_all(), own: processor_seconds_of_ours() }
    }

    /// How many processors others have kept busy, on average. Nobody else is seen where there is no `/proc/stat`.
    pub fn others(&self) -> f64 {
        let all = processor_seconds_of_all() - self.all;
        let own = processor_seconds_of_ours() - self.own;
        ((all - own) / self.start.elapsed().as_secs_f64()).max(0.0)
    }
}

/// How much a row was disturbed, and by what.
#[derive(Clone, Copy)]
pub struct Disturbance {
    pub others: f64,
    pub doubt: f64,
}

impl Disturbance {
    /// `floors` are the medians of the row's floor, round by round.
    pub fn of(watch: &Watch, floors: &mut [f64]) -> Disturbance {
        floors.sort_by(f64::total_cmp);
        let at =
            |part: f64| floors.get((floors.len().saturating_sub(1) as f64 * part).round() as usize).copied();
        // The notch of a box plot, half of the interval in which the median is with a probability of 95 %:
        // McGill, Tukey, Larsen, "Variations of box plots", The American Statistician 32 (1978).
        let doubt = match (at(0.25), at(0.5), at(0.75)) {
            (Some(low), Some(middle), Some(high)) => {
                1.57 * (high - low) / middle / (floors.len() as f64).sqrt()
            }
            _ => 0.0,
        };
        Disturbance { others: watch.others(), doubt }
    }

    pub fn is_much(self) -> bool {
        self.others > MOST_OTHERS || self.doubt > MOST_DOUBT
    }

    /// For choosing the better of two attempts: 1 is the most that is allowed.
    pub fn degree(self) -> f64 {
        (self.others / MOST_OTHERS).max(self.doubt / MOST_DOUBT)
    }

    pub fn told(self) -> String {
        format!(
            "others took {:.2} processors, the floor is known to {:.0} %",
            self.others,
            self.doubt * 100.0
        )
    }
}

/// Waits for a second without much load, for twenty at the most.
pub fn wait_for_quiet() {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(20) {
        let watch = Watch::begin();
        sleep(Duration::from_secs(1));
        if watch.others() <= MOST_OTHERS {
            return;
        }
    }
}

/// Processor time of the machine since it was started, also what a hypervisor gave to others meanwhile.
fn processor_seconds_of_all() -> f64 {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let total = stat.lines().next().unwrap_or_default();
    // `cpu`, then user, nice, system, idle, iowait, irq, softirq, steal; guests are in user.
    let ticks: Vec<f64> =
        total.split_whitespace().skip(1).take(8).filter_map(|word| word.parse().ok()).collect();
    ticks
        .iter()
        .enumerate()
        .filter(|(number, _)| ![3, 4].contains(number))
        .map(|(_, ticks)| ticks / TICKS)
        .sum()
}

fn processor_seconds_of_ours() -> f64 {
    Usage::of(RUSAGE_SELF).processor + Usage::of(RUSAGE_CHILDREN).processor
}

/// What processes have used that are waited for.
pub struct Usage {
    /// Seconds, in the program and in the kernel.
    pub processor: f64,
    /// Page faults that no disk was needed for.
    pub faults: f64,
}

impl Usage {
    /// Of `RUSAGE_SELF` or `RUSAGE_CHILDREN`.
    pub fn of(whose: libc::c_int) -> Usage {
        // SAFETY: a `rusage` is numbers, for which zero is a value, and the call writes nothing else.
        let usage = unsafe {
            let mut usage: libc::rusage = std::mem::zeroed();
            libc::getrusage(whose, &raw mut usage);
            usage
        };
        let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
        Usage { processor: seconds(usage.ru_utime) + seconds(usage.ru_stime), faults: usage.ru_minflt as f64 }
    }
}
