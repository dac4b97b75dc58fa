//! A script that tells what it is as a process.

use crate::support::sandbox::Sandbox;

/// Tells of itself what its first argument asks for. Without Rust's own start-up, which changes SIGPIPE.
pub const PROBE: &str = r#"#!/usr/bin/env runner
#![no_main]
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;

#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    let mut arguments = std::env::args_os();
    let own_name = arguments.next().unwrap();
    let question = arguments.next().unwrap_or_default();
    let mut out = std::io::stdout();
    match question.to_str().unwrap() {
        "arguments" => {
            out.write_all(own_name.as_bytes()).unwrap();
            for argument in arguments {
                out.write_all(b"|").unwrap();
                out.write_all(argument.as_bytes()).unwrap();
            }
        }
        "pid" => print!("{}", std::process::id()),
        "script" => {
            let script = std::env::var_os("RUNNER_SCRIPT").unwrap_or("unset".into());
            out.write_all(script.as_bytes()).unwrap();
        }
        "environment" => {
            let mut all: Vec<_> = std::env::vars().filter(|(name, _)| name != "RUNNER_SCRIPT").collect();
            all.sort();
            print!("{all:?}");
        }
        "directory" => print!("{}", std::env::current_dir().unwrap().display()),
        "descriptors" => {
            let numbers = (0..200).filter(|n| std::fs::read_link(format!("/proc/self/fd/{n}")).is_ok());
            print!("{:?}", numbers.collect::<Vec<_>>());
        }
        "signals" => {
            let status = std::fs::read_to_string("/proc/self/status").unwrap();
            for line in status.lines().filter(|line| line.starts_with("Sig") && !line.starts_with("SigQ")) {
                let (name, mask) = line.split_once(":\t").unwrap();
                // Signals 32 and 33 are the C library's own, which it sets when it starts a thread.
                println!("{name} {:x}", u64::from_str_radix(mask, 16).unwrap() & !(3 << 31));
            }
        }
        "exit" => return arguments.next().unwrap().to_str().unwrap().parse().unwrap(),
        "abort" => std::process::abort(),
        "cat" => {
            let mut text = Vec::new();
            std::io::stdin().read_to_end(&mut text).unwrap();
            out.write_all(&text).unwrap();
            eprint!("and this to stderr");
        }
        "wait" => {
            println!("ready");
            let _ = std::io::stdin().read(&mut [0]);
        }
        other => panic!("{other}"),
    }
    out.flush().unwrap();
    0
}
"#;

pub fn probe() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.script("probe", PROBE);
    sandbox
}
