//! The filter is run by a small machine here, for both architectures on either.

use super::*;

/// `struct seccomp_data`.
#[derive(Clone, Copy, Default)]
struct Call {
    number: u32,
    architecture: u32,
    arguments: [u64; 6],
}

/// What the kernel would answer: the loads, jumps and returns of classic BPF, and an error for anything else.
fn run(program: &[libc::sock_filter], call: Call) -> u32 {
    let (mut accumulator, mut at) = (0_u32, 0_usize);
    loop {
        let instruction = program[at];
        at += 1;
        let mut branch = |holds: bool| {
            at += usize::from(if holds { instruction.jt } else { instruction.jf });
        };
        match instruction.code {
            LOAD_WORD => {
                accumulator = match instruction.k {
                    NUMBER => call.number,
                    ARCHITECTURE => call.architecture,
                    place => {
                        assert_eq!(place % 8, 0, "only lower halves are looked at");
                        call.arguments[(place as usize - 16) / 8] as u32
                    }
                }
            }
            AND => accumulator &= instruction.k,
            EQUAL => branch(accumulator == instruction.k),
            NOT_LESS => branch(accumulator >= instruction.k),
            ANY_BIT => branch(accumulator & instruction.k != 0),
            RETURN => return instruction.k,
            code => panic!("instruction {code:#x}"),
        }
    }
}

fn ask(sandbox: &Sandbox, architecture: Architecture, call: SystemCall, arguments: &[u64]) -> Option<u32> {
    let mut padded = [0; 6];
    padded[..arguments.len()].copy_from_slice(arguments);
    let number = architecture.number(call)?;
    let call = Call { number, architecture: architecture.audit(), arguments: padded };
    Some(run(&program(sandbox, architecture), call))
}

const BOTH: [Architecture; 2] = [Architecture::X86_64, Architecture::Aarch64];

fn with(change: impl Fn(&mut Sandbox)) -> Sandbox {
    let mut sandbox = Sandbox::closed();
    change(&mut sandbox);
    sandbox
}

#[test]
fn sockets_are_those_that_are_allowed() {
    let closed = Sandbox::closed();
    let unix = with(|sandbox| sandbox.unix = true);
    let ports = with(|sandbox| sandbox.network = Grant::These(vec![443]));
    let network = with(|sandbox| sandbox.network = Grant::Everything);
    let (inet, inet6, local, netlink) = (2, 10, 1, 16);
    let (stream, datagram, raw) = (1, 2, 3);
    let flags = 0o2004000;
    // Family, type, protocol; then whether closed, unix, ports and network have it.
    let table: &[([u64; 3], [bool; 4])] = &[
        ([inet, stream, 0], [false, false, true, true]),
        ([inet, stream | flags, 6], [false, false, true, true]),
        ([inet6, stream, 0], [false, false, true, true]),
        ([inet, datagram, 0], [false, false, false, true]),
        ([inet6, datagram | flags, 17], [false, false, false, true]),
        ([inet, raw, 1], [false, false, false, true]),
        // Multipath TCP and SCTP are no TCP to Landlock.
        ([inet, stream, 262], [false, false, false, true]),
        ([inet, stream, 132], [false, false, false, true]),
        ([local, stream, 0], [false, true, false, false]),
        ([local, datagram, 0], [false, true, false, false]),
        ([netlink, raw, 0], [false, false, false, true]),
        ([netlink, raw, 9], [false, false, false, false]),
        // AF_ALG, AF_VSOCK, AF_PACKET, AF_SMC.
        ([38, 5, 0], [false; 4]),
        ([40, stream, 0], [false; 4]),
        ([17, raw, 0], [false; 4]),
        ([43, stream, 0], [false; 4]),
        // Bits that the kernel does not look at change nothing.
        ([inet | 1 << 32, stream, 0], [false, false, true, true]),
        ([local | 7 << 40, stream, 0], [false, true, false, false]),
    ];
    for architecture in BOTH {
        for (arguments, expected) in table {
            for (sandbox, expected) in [&closed, &unix, &ports, &network].into_iter().zip(expected) {
                let answer = ask(sandbox, architecture, SOCKET, arguments);
                let expected = if *expected { ALLOW } else { EACCES };
                assert_eq!(answer, Some(expected), "{architecture:?} {arguments:?} {sandbox:?}");
            }
        }
    }
}

#[test]
fn pairs_of_sockets_stay_pairs() {
    for architecture in BOTH {
        for (arguments, allowed) in [
            ([1, 1, 0], true),
            ([1, 5, 0], true),
            ([1, 2, 0], false),
            ([2, 1, 0], false),
            ([1, 0o2000002, 0], false),
        ] {
            let expected = if allowed { ALLOW } else { EACCES };
            assert_eq!(ask(&Sandbox::closed(), architecture, SOCKETPAIR, &arguments), Some(expected));
        }
    }
}

#[test]
fn arguments_decide_about_the_rest() {
    let closed = Sandbox::closed();
    let network = with(|sandbox| sandbox.network = Grant::Everything);
    let fast_open = u64::from(MSG_FASTOPEN);
    for architecture in BOTH {
        let ask = |sandbox, call, arguments: &[u64]| ask(sandbox, architecture, call, arguments).unwrap();
        assert_eq!(ask(&closed, SENDTO, &[3, 0, 0, fast_open]), EPERM);
        assert_eq!(ask(&closed, SENDTO, &[3, 0, 0, 0x4000]), ALLOW);
        assert_eq!(ask(&closed, SENDMSG, &[3, 0, fast_open]), EPERM);
        assert_eq!(ask(&closed, SENDMMSG, &[3, 0, 1, fast_open | 1]), EPERM);
        assert_eq!(ask(&network, SENDTO, &[3, 0, 0, fast_open]), ALLOW);
        assert_eq!(ask(&closed, IOCTL, &[0, 0x5412]), EPERM);
        assert_eq!(ask(&closed, IOCTL, &[0, 0xdead_0000_5412]), EPERM);
        assert_eq!(ask(&closed, IOCTL, &[0, 0x541C]), EPERM);
        assert_eq!(ask(&closed, IOCTL, &[0, 0x5401]), ALLOW);
        assert_eq!(ask(&closed, CLONE, &[17]), ALLOW);
        assert_eq!(ask(&closed, CLONE, &[0x1000_0000 | 17]), EPERM);
        assert_eq!(ask(&closed, CLONE, &[0x2_0000]), EPERM);
        // CLONE_VM, CLONE_FS, …: a thread.
        assert_eq!(ask(&closed, CLONE, &[0x003d_0f00]), ALLOW);
        assert_eq!(ask(&closed, CLONE3, &[0, 88]), ENOSYS);
        assert_eq!(ask(&closed, PRLIMIT64, &[0, 7]), ALLOW);
        assert_eq!(ask(&closed, PRLIMIT64, &[1, 7]), EPERM);
    }
}

#[test]
fn metadata_and_debugging_are_closed_unless_they_are_needed() {
    let closed = Sandbox::closed();
    let writing = with(|sandbox| sandbox.write = Grant::These(vec!["/x".into()]));
    let debugging = with(|sandbox| sandbox.debugger = true);
    for architecture in BOTH {
        for call in CLOSED {
            if architecture.number(*call).is_some() {
                for sandbox in [&closed, &writing, &debugging] {
                    assert_eq!(ask(sandbox, architecture, *call, &[]), Some(EPERM), "{}", call.name);
                }
            }
        }
        for call in METADATA.iter().filter(|call| architecture.number(**call).is_some()) {
            assert_eq!(ask(&closed, architecture, *call, &[]), Some(EPERM), "{}", call.name);
            assert_eq!(ask(&writing, architecture, *call, &[]), Some(ALLOW), "{}", call.name);
        }
        for call in DEBUGGING {
            assert_eq!(ask(&closed, architecture, *call, &[]), Some(EPERM), "{}", call.name);
            assert_eq!(ask(&debugging, architecture, *call, &[]), Some(ALLOW), "{}", call.name);
        }
    }
}

#[test]
fn another_architecture_is_killed_and_x32_does_not_exist() {
    let filter = program(&Sandbox::closed(), Architecture::X86_64);
    let (i386, x86_64) = (0x4000_0003, Architecture::X86_64.audit());
    for number in [0, 39, 102, 359] {
        let call = Call { number, architecture: i386, ..Call::default() };
        assert_eq!(run(&filter, call), KILL_PROCESS);
        let call = Call { number: number | X32_BIT, architecture: x86_64, ..Call::default() };
        assert_eq!(run(&filter, call), ENOSYS);
        let call = Call { number: 39, architecture: x86_64, ..Call::default() };
        assert_eq!(run(&filter, call), ALLOW);
    }
    let arm = program(&Sandbox::closed(), Architecture::Aarch64);
    assert_eq!(run(&arm, Call { number: 39, architecture: 0x4000_0028, ..Call::default() }), KILL_PROCESS);
}

#[test]
fn every_jump_ends_inside_and_the_kernel_takes_its_length() {
    for architecture in BOTH {
        for sandbox in [Sandbox::closed(), with(|sandbox| sandbox.network = Grant::These(vec![1]))] {
            let filter = program(&sandbox, architecture);
            assert!(filter.len() < 4096, "{}", filter.len());
            for (at, instruction) in filter.iter().enumerate() {
                let furthest = at + 1 + usize::from(instruction.jt.max(instruction.jf));
                assert!(instruction.code == RETURN || furthest < filter.len(), "{at}");
            }
            assert_eq!(filter.last().map(|last| (last.code, last.k)), Some((RETURN, ALLOW)));
        }
    }
}
