//! What `--json` prints, held against what `runner help json` says of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::sandbox::Sandbox;

type Fields = BTreeSet<String>;

/// The table of the help: of each subcommand whether it prints a list, and its fields.
fn documented(sandbox: &Sandbox) -> BTreeMap<String, (bool, Fields)> {
    let help = sandbox.runner(["help", "json"]).run().stdout;
    let table = help.split_once("marked by `[]`:\n\n").unwrap().1;
    let mut found: BTreeMap<String, (bool, Fields)> = BTreeMap::new();
    let mut last = String::new();
    for line in table.lines().take_while(|line| line.starts_with("  ")) {
        let (name, fields) = line.split_at_checked(18).unwrap();
        let name = name.trim();
        if !name.is_empty() {
            last = name.trim_end_matches("[]").trim().to_owned();
            found.insert(last.clone(), (name.ends_with("[]"), Fields::new()));
        }
        let fields = fields.split("and what").next().unwrap_or_default();
        found.get_mut(&last).unwrap().1.extend(fields.split_whitespace().map(str::to_owned));
    }
    found
}

/// Commands whose objects have all the fields of the table, in an order in which they can be run one after the other.
const EXACT: &[(&str, &str)] = &[
    ("why", "why x.rs"),
    ("env", "env"),
    ("inputs", "inputs x.rs"),
    ("doctor", "doctor"),
    ("migrate", "migrate m.rs"),
    ("new", "new made.rs"),
    ("fmt", "fmt f.rs"),
    ("test", "test --json x.rs"),
    ("lock", "lock x.rs"),
    ("promote", "promote x.rs"),
    ("upgrade", "upgrade"),
    ("rollback", "rollback x"),
    ("demote", "demote x"),
    ("cache path", "cache path"),
    ("cache size", "cache size"),
    ("cache list", "cache list"),
    ("cache stats", "cache stats"),
    ("cache stop", "cache stop"),
    ("cache clean", "cache clean"),
];

fn objects(name: &str, text: &str, is_list: bool) -> Vec<Value> {
    let parse = |line: &str| -> Value {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{name}: {error}: {text}"))
    };
    let values: Vec<Value> = text.lines().map(parse).collect();
    if !is_list {
        return values;
    }
    let [Value::Array(list)] = &values[..] else { panic!("{name}: {text}") };
    list.clone()
}

#[test]
fn every_subcommand_tells_the_fields_that_the_help_names() {
    let sandbox = Sandbox::fake();
    let documented = documented(&sandbox);
    // Each that has the flag is in the table, or has a format of its own.
    let flags = runner::command_line::flags::FLAGS.iter().filter(|flag| flag.is_named("--json"));
    for command in flags.flat_map(|flag| flag.owners()).filter(|name| !matches!(**name, "check" | "clippy")) {
        assert!(documented.keys().any(|known| known.split(' ').next() == Some(command)), "{command}");
    }
    let x = sandbox.script("x.rs", "print x\n");
    sandbox.script("m.rs", "//! ```cargo\n//! [package]\n//! edition = \"2021\"\n//! ```\nprint m\n");
    sandbox.script("f.rs", "fn main() {}\n");
    sandbox.script("../fake/rustfmt", "#!/bin/sh\nexit 0\n");
    for (name, words) in EXACT {
        // What follows the script of a test is for its program.
        let last = (!words.contains("--json")).then_some("--json");
        let words: Vec<&str> = words.split(' ').chain(last).collect();
        let ran = sandbox.runner(words).run();
        // What the doctor finds in a sandbox with a fake compiler is not asked here.
        let most = u8::from(*name == "doctor");
        assert!(ran.code <= most.into() && ran.stderr.is_empty(), "{name}: {} {}", ran.code, ran.stderr);
        if *name == "promote" {
            std::fs::write(&x, "print y\n").unwrap();
        }
        let (is_list, fields) = &documented[*name];
        let mut fields = fields.clone();
        fields.insert("schema".to_owned());
        let objects = objects(name, &ran.stdout, *is_list);
        assert!(!objects.is_empty(), "{name}");
        for object in objects {
            let keys: Fields = object.as_object().unwrap().keys().cloned().collect();
            assert_eq!(keys, fields, "{name}");
            assert_eq!(object["schema"], 1, "{name}");
        }
        if *name == "env" {
            sandbox.runner(["x.rs"]).run().prints("x\n");
        }
    }
    let within = |name: &str, words: &[&str]| {
        let ran = sandbox.runner(words).run();
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{name}");
        let (is_list, fields) = &documented[name];
        for object in objects(name, &ran.stdout, *is_list) {
            let keys = object.as_object().unwrap().keys();
            let unknown: Vec<&String> =
                keys.filter(|key| !fields.contains(*key) && *key != "schema").collect();
            assert_eq!(unknown, Vec::<&String>::new(), "{name}");
        }
    };
    within("tree", &["tree", "--json", "x.rs"]);
    within("build", &["build", "--print-path", "--json", "x.rs"]);
    within("cache trim", &["cache", "trim", "--dry-run", "--json"]);
    within("cache trim", &["cache", "trim", "--json"]);
}
