//! The table of daily tasks (`src/docs/daily.md`): its numbers are those of its commands, ours are the smallest of their rows, and
//! ours are run, in the order of the page.

use crate::support::cache_server::CacheServer;
use crate::support::fake_registry::{Crate, Registry};
use crate::support::machine::{has, works};

const PAGE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/docs/daily.md"));

/// The tasks, with the commands of each tool, runner's first; none if it cannot be done.
fn rows() -> Vec<(&'static str, Vec<Option<Vec<&'static str>>>)> {
    let lines = PAGE.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    lines
        .skip(2)
        .map(|line| {
            let mut cells = line.split(" | ");
            let task = cells.next().unwrap();
            let commands = |cell: &'static str| {
                let (count, _) = cell.split_once(": ").filter(|_| cell != "—")?;
                let commands: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
                assert_eq!(count.parse(), Ok(commands.len()), "{line}");
                Some(commands)
            };
            (task, cells.map(commands).collect())
        })
        .collect()
}

#[test]
fn nothing_takes_more_commands_than_with_the_best_of_the_others() {
    let rows = rows();
    assert!(rows.len() > 20, "{}", rows.len());
    for (task, tools) in rows {
        assert_eq!(tools.len(), 5, "{task}");
        let ours = tools[0].as_ref().unwrap_or_else(|| panic!("{task}: ours has no command"));
        let others = tools[1..].iter().flatten().map(Vec::len).min().unwrap_or(usize::MAX);
        assert!(ours.len() <= others, "{task}: {} are more than {others}", ours.len());
        assert!(ours.iter().all(|command| command.starts_with("runner ")), "{task}: {ours:?}");
    }
}

#[test]
fn every_command_of_ours_does_its_task() {
    let (sandbox, registry) = Registry::with_program("greeter", &["1.0.0"]);
    registry.publish(&Crate {
        name: "itoa",
        version: "1.0.0",
        manifest: "",
        files: &[("src/lib.rs", "")],
        dependencies: &[],
        features: &[],
    });
    let server = CacheServer::start();
    let text = b"fn main() { println!(\"by URL\") }\n";
    server.put("/x.rs", text.to_vec());
    let url = format!("{}/x.rs", server.address());
    let has_urls = has("curl") && works("setsid", &["--version"]);
    let mut count = 0;
    for (task, tools) in rows() {
        for command in tools.into_iter().next().flatten().unwrap() {
            if command == "runner rollback x" {
                // There is something to take back once an upgrade has replaced something.
                let path = sandbox.path("x.rs");
                let edited = std::fs::read_to_string(&path).unwrap().replace("Hello", "Again");
                std::fs::write(&path, edited).unwrap();
                assert_eq!(sandbox.runner(["upgrade", "-q"]).run().code, 0);
            }
            let mut command = command.to_owned();
            if command.contains("URL") {
                if !has_urls {
                    continue;
                }
                let refused = sandbox.command("setsid").args(["--wait", "runner", &url]).run().stderr;
                let (_, pin) = refused.split_once("--blake3 ").unwrap();
                command = command.replace("HEX", &pin[..64]).replace("URL", &url);
            }
            if command.starts_with("runner watch") {
                // It goes on until it is told not to.
                command = command.replace("watch", "watch --once");
            }
            let ran = sandbox.sh(&command).run();
            // Of the doctor: what is wrong here is not the script's.
            assert!(ran.code == 0 || command == "runner doctor", "{task}: {command}: {}", ran.stderr);
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
    sandbox.command(sandbox.path("out/x")).run().prints("Again, world!\n");
    assert!(sandbox.path("project/Cargo.toml").exists());
}
