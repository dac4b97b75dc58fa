//! The seccomp filter: the program in the kernel that picks the system calls of `calls` and lets all others pass.
//!
//! A filter sees numbers and registers, never the text behind a pointer. So it can leave out a call on a descriptor that
//! is spelled like a call on a path (`newfstatat(fd, "", …, AT_EMPTY_PATH)`, which is what fstat(3) becomes), and nothing else.
//! Calls that always pass cost nothing: the kernel keeps them in a bitmap.

use libc::{
    BPF_ABS, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_RET, BPF_W, SECCOMP_RET_ALLOW,
    SECCOMP_RET_ERRNO, SECCOMP_RET_USER_NOTIF, sock_filter,
};

use crate::base::order;
use crate::process::observe::calls::{Abi, Action, abis};
use crate::process::observe::policy::Links;

/// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const ARGUMENTS: u32 = 16;

/// The first number that is not known here, the same on every architecture; Linux 6.18 has none above. Calls from there on are
/// refused, as an older kernel would, since they may look at paths. So is x32 (32-bit pointers on a 64-bit kernel), whose
/// numbers begin higher.
const UNKNOWN: u32 = 470;

/// The filter of this machine; empty if its calls are not known.
pub(crate) fn filter(links: Links) -> Vec<sock_filter> {
    let told = SECCOMP_RET_USER_NOTIF;
    if abis().is_empty() {
        return Vec::new();
    }
    let mut program = vec![load(ARCHITECTURE)];
    for abi in abis() {
        let body = calls(abi, told, links);
        // A conditional jump reaches 255 instructions, an unconditional one any number.
        program.push(jump(BPF_JEQ, abi.architecture, 1, 0));
        program.push(statement(BPF_JMP | libc::BPF_JA, body.len() as u32));
        program.extend(body);
    }
    // A program of an architecture without a table: every call, so that it is known that something was missed.
    program.push(give(told));
    program
}

/// The part of the filter for one architecture; it does not fall through.
///
/// The number is searched for by halves: the kernel asks the filter for every number there is when it is installed, to know which
/// calls always pass.
fn calls(abi: &Abi, told: u32, links: Links) -> Vec<sock_filter> {
    let unseen = |action: Action| links == Links::Followed && action == Action::ReadLink;
    let calls = abi.calls.iter().filter(|call| !unseen(call.action));
    let mut cases: Vec<(u32, Vec<sock_filter>)> = calls
        .map(|call| {
            let body = match (call.action, call.place.directory) {
                (Action::Stat { flags: Some(flags) }, Some(directory)) => vec![
                    load(argument(flags)),
                    jump(BPF_JSET, libc::AT_EMPTY_PATH as u32, 0, 3),
                    load(argument(directory)),
                    jump(BPF_JEQ, libc::AT_FDCWD as u32, 1, 0),
                    give(SECCOMP_RET_ALLOW),
                    give(told),
                ],
                _ => vec![give(told)],
            };
            (call.number as u32, body)
        })
        .chain(abi.refused.iter().map(|number| (*number as u32, vec![give(refusal())])))
        .collect();
    order::sort_by_key(&mut cases, |(number, _)| *number);
    let mut program = vec![load(NUMBER), jump(BPF_JGE, UNKNOWN, 0, 1), give(refusal())];
    search(&cases, &mut program);
    program
}

/// Adds the search for a number among these, which are in order; any other passes.
fn search(cases: &[(u32, Vec<sock_filter>)], program: &mut Vec<sock_filter>) {
    match cases {
        [] => program.push(give(SECCOMP_RET_ALLOW)),
        [(number, body)] => {
            program.push(jump(BPF_JEQ, *number, 0, body.len() as u8));
            program.extend(body);
            program.push(give(SECCOMP_RET_ALLOW));
        }
        _ => {
            let (low, high) = cases.split_at(cases.len() / 2);
            let mut lower = Vec::new();
            search(low, &mut lower);
            let first = high.first().map_or(0, |(number, _)| *number);
            program.push(jump(BPF_JGE, first, 0, 1));
            program.push(statement(BPF_JMP | libc::BPF_JA, lower.len() as u32));
            program.extend(lower);
            search(high, program);
        }
    }
}

fn refusal() -> u32 {
    SECCOMP_RET_ERRNO | libc::ENOSYS as u32
}

/// The lower half of an argument.
fn argument(index: usize) -> u32 {
    let offset = ARGUMENTS + 8 * index as u32;
    if cfg!(target_endian = "little") { offset } else { offset + 4 }
}

fn load(offset: u32) -> sock_filter {
    statement(BPF_LD | BPF_W | BPF_ABS, offset)
}

fn give(value: u32) -> sock_filter {
    statement(BPF_RET | BPF_K, value)
}

fn statement(code: u32, k: u32) -> sock_filter {
    sock_filter { code: code as u16, jt: 0, jf: 0, k }
}

fn jump(condition: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code: (BPF_JMP | condition | BPF_K) as u16, jt, jf, k }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the filter gives for a call.
    fn run(program: &[sock_filter], architecture: u32, number: u32, arguments: [u64; 6]) -> u32 {
        let mut data = Vec::new();
        data.extend(number.to_ne_bytes());
        data.extend(architecture.to_ne_bytes());
        data.extend([0; 8]);
        arguments.iter().for_each(|argument| data.extend(argument.to_ne_bytes()));
        let (mut at, mut accumulator) = (0, 0);
        loop {
            let sock_filter { code, jt, jf, k } = program[at];
            at += 1;
            let branch = |holds: bool| usize::from(if holds { jt } else { jf });
            match u32::from(code) {
                code if code == BPF_LD | BPF_W | BPF_ABS => {
                    let bytes = data[k as usize..k as usize + 4].try_into().unwrap();
                    accumulator = u32::from_ne_bytes(bytes);
                }
                code if code == BPF_RET | BPF_K => return k,
                code if code == BPF_JMP | libc::BPF_JA => at += k as usize,
                code if code == BPF_JMP | BPF_JEQ | BPF_K => at += branch(accumulator == k),
                code if code == BPF_JMP | BPF_JGE | BPF_K => at += branch(accumulator >= k),
                code if code == BPF_JMP | BPF_JSET | BPF_K => at += branch(accumulator & k != 0),
                other => panic!("{other}"),
            }
        }
    }

    #[test]
    fn every_call_of_every_table_is_told_and_every_other_passes() {
        let program = filter(Links::Seen);
        for abi in abis() {
            for number in 0..600 {
                let given = run(&program, abi.architecture, number, [0; 6]);
                let expected = match (abi.call(number.into()), abi.refused.contains(&number.into())) {
                    (Some(_), _) => SECCOMP_RET_USER_NOTIF,
                    (None, true) => refusal(),
                    (None, false) if number >= UNKNOWN => refusal(),
                    (None, false) => SECCOMP_RET_ALLOW,
                };
                assert_eq!(given, expected, "{number} of {:x}", abi.architecture);
            }
        }
    }

    #[test]
    fn a_stat_of_a_descriptor_passes_and_one_of_a_path_does_not() {
        let program = filter(Links::Seen);
        let abi = &abis()[0];
        let number = libc::SYS_newfstatat as u32;
        let given = |directory: i32, flags: i32| {
            run(&program, abi.architecture, number, [directory as u32 as u64, 0, 0, flags as u64, 0, 0])
        };
        assert_eq!(given(3, libc::AT_EMPTY_PATH), SECCOMP_RET_ALLOW);
        assert_eq!(given(3, libc::AT_EMPTY_PATH | libc::AT_SYMLINK_NOFOLLOW), SECCOMP_RET_ALLOW);
        assert_eq!(given(3, 0), SECCOMP_RET_USER_NOTIF);
        assert_eq!(given(libc::AT_FDCWD, libc::AT_EMPTY_PATH), SECCOMP_RET_USER_NOTIF);
    }

    #[test]
    fn links_that_a_program_reads_pass_if_only_those_followed_are_asked_for() {
        let program = filter(Links::Followed);
        for abi in abis() {
            for call in abi.calls {
                let given = run(&program, abi.architecture, call.number as u32, [0; 6]);
                let passes = call.action == Action::ReadLink;
                assert_eq!(given == SECCOMP_RET_ALLOW, passes, "{call:?}");
            }
        }
    }

    #[test]
    fn an_architecture_without_a_table_is_told_of_whatever_it_calls() {
        assert_eq!(run(&filter(Links::Seen), 0x1234, 1, [0; 6]), SECCOMP_RET_USER_NOTIF);
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn x32_is_refused() {
        assert_eq!(run(&filter(Links::Seen), abis()[0].architecture, 0x4000_0002, [0; 6]), refusal());
    }
}
