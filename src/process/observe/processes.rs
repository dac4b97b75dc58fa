//! Processes of a build that are still there, as `/proc` has them.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::order;

/// Of the threads that were `seen`, the processes that are left, and all that descend from them.
///
/// A number may have been given to somebody else meanwhile. So a process counts only if it started after `since` (see
/// [`started`]) and has a seccomp filter, as all that are observed have.
///
/// In the order of their start: killed in that order, none is there to act on the death of one that it started.
///
/// What has only been forked, made no call of ours and lost its parent is not found.
pub(crate) fn left(seen: &FxHashSet<i32>, since: u64) -> Vec<i32> {
    let mut children: FxHashMap<i32, Vec<(u64, i32)>> = FxHashMap::default();
    let mut waiting = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let Some(fields) = std::fs::read(entry.path().join("stat")).ok().and_then(|text| fields(&text))
        else {
            continue;
        };
        if fields.started < since || !is_filtered(process) {
            continue;
        }
        children.entry(fields.parent).or_default().push((fields.started, process));
        if seen.contains(&process) {
            waiting.push((fields.started, process));
        }
    }
    let mut found = FxHashSet::default();
    while let Some(next) = waiting.pop() {
        if found.insert(next) {
            waiting.extend(children.remove(&next.1).unwrap_or_default());
        }
    }
    let mut found: Vec<(u64, i32)> = found.into_iter().collect();
    order::sort(&mut found);
    found.into_iter().map(|(_, process)| process).collect()
}

/// When the calling thread started, in the kernel's ticks since it booted.
pub(crate) fn started() -> u64 {
    std::fs::read("/proc/thread-self/stat")
        .ok()
        .and_then(|text| fields(&text))
        .map_or(0, |fields| fields.started)
}

fn is_filtered(process: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{process}/status")).is_ok_and(|text| {
        text.lines().any(|line| line.starts_with("Seccomp:") && line.trim_end().ends_with('2'))
    })
}

#[derive(Debug, PartialEq, Eq)]
struct Fields {
    parent: i32,
    started: u64,
}

/// `PID (NAME) STATE PARENT …`, where NAME may hold anything; the 22nd is the time of its start.
fn fields(stat: &[u8]) -> Option<Fields> {
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let mut rest = std::str::from_utf8(stat.get(end + 1..)?).ok()?.split_whitespace().skip(1);
    Some(Fields { parent: rest.next()?.parse().ok()?, started: rest.nth(17)?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_any_name_has_its_parent_and_start() {
        let numbers = "7 12 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 99";
        let expected = Some(Fields { parent: 7, started: 4711 });
        assert_eq!(fields(format!("12 (cc1) S {numbers}").as_bytes()), expected);
        assert_eq!(fields(format!("12 (a) R 99) S {numbers}").as_bytes()), expected);
        assert_eq!(fields(b"12"), None);
    }

    #[test]
    fn this_thread_has_started() {
        assert!(started() > 0);
    }
}
