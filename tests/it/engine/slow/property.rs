//! Never stale, whatever happens in whatever order: random edits of a small script in several files, and after every step
//! the output must be that of a build from nothing, which a model of the compiler reads off the disk.
//!
//! `RUNNER_TEST_SEED` and `RUNNER_TEST_STEPS` repeat a run or lengthen it.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::support::files::{files_below, program, replace, set_modified};
use crate::support::sandbox::{Run, Sandbox};
use crate::support::watched::{LONG_AGO, compiler, real};

/// A xorshift generator: the same numbers for the same seed everywhere.
struct Random(u64);

impl Random {
    /// Seeded from the environment, else from the clock.
    fn new() -> Random {
        let seed = std::env::var("RUNNER_TEST_SEED").ok().and_then(|text| text.parse().ok());
        let clock = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos() as u64;
        Random(seed.unwrap_or_else(clock) | 1)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % limit
    }

    fn of<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }
}

fn steps(default: usize) -> usize {
    std::env::var("RUNNER_TEST_STEPS").ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Says something past the harness, which captures only what the print macros write.
fn say(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// What a step did, for people who look for the cause.
struct History {
    seed: u64,
    lines: Vec<String>,
}

impl History {
    fn add(&mut self, line: String) {
        self.lines.push(line);
    }

    /// The last steps, and how to see them again.
    fn tail(&self) -> String {
        let mut text = format!("RUNNER_TEST_SEED={} fails at step {}:\n", self.seed, self.lines.len());
        for line in self.lines.iter().rev().take(30).rev() {
            let _ = writeln!(text, "  {line}");
        }
        text
    }
}

// ── The fake compiler's language ────────────────────────────────────────────────────────────────────────────────────

/// What a run is called with, beside the script.
#[derive(Debug, Clone, Default)]
struct Call {
    word: Option<&'static str>,
    flags: Option<&'static str>,
    options: Vec<&'static str>,
}

/// What the script would say if it were compiled now; `None` if it would not compile.
struct Model<'a> {
    call: &'a Call,
    said: String,
}

impl Model<'_> {
    fn says(script: &Path, call: &Call, compiler: &str) -> Option<String> {
        let real = fs::canonicalize(script).ok()?;
        let mut model = Model { call, said: String::new() };
        if !compiler.is_empty() {
            model.said = format!("{compiler}\n");
        }
        model.say(&real)?;
        Some(model.said)
    }

    fn say(&mut self, path: &Path) -> Option<()> {
        let text = fs::read_to_string(path).ok()?;
        let directory = path.parent().unwrap();
        for line in text.lines() {
            let (word, argument) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "print" => self.line(argument),
                "include" => self.say(&directory.join(argument))?,
                "mod" => {
                    let one = directory.join(format!("{argument}.rs"));
                    let two = directory.join(argument).join("mod.rs");
                    match (one.exists(), two.exists()) {
                        (true, true) => return None,
                        (_, true) => self.say(&two)?,
                        _ => self.say(&one)?,
                    }
                }
                "env" => self.line(self.call.word.unwrap_or("unset")),
                "argument" => self.arguments(argument),
                _ => {}
            }
        }
        Some(())
    }

    fn arguments(&mut self, pattern: &str) {
        let options = &self.call.options;
        match pattern {
            "--cfg=*" => {
                self.call.flags.into_iter().flat_map(str::split_whitespace).for_each(|flag| self.line(flag))
            }
            "-C opt-level=*" => {
                if !options.iter().any(|option| ["--debug", "quick"].contains(option)) {
                    self.line("-C opt-level=3");
                }
            }
            _ => {
                let edition = options.iter().find(|option| option.starts_with("20")).unwrap_or(&"2024");
                self.line(&format!("--edition={edition}"));
            }
        }
    }

    fn line(&mut self, text: &str) {
        self.said.push_str(text);
        self.said.push('\n');
    }
}

/// Every file there may be, in two directories that are put in each other's place, and what may be in it. All texts of
/// one file are of one length where they can be, so that only time and content tell them apart.
const FILES: &[(&str, &[&str])] = &[
    (
        "s.rs",
        &[
            "mod m\nenv WORD\n",
            "include t.txt\nmod m\n",
            "print one\n",
            "print two\n",
            "argument --cfg=*\nmod m\nargument -C opt-level=*\n",
            "mod m\nargument --edition=*\ninclude t.txt\n",
            "#!/usr/bin/env -S runner --debug\nargument -C opt-level=*\nmod m\n",
        ],
    ),
    ("m.rs", &["print m1\n", "print m2\n", "print m3\n", "include ../shared.txt\n", "mod n\nprint n\n"]),
    ("m/mod.rs", &["print d1\n", "print d2\n", "include ../t.txt\n"]),
    ("n.rs", &["print n1\n", "print n2\n", "env WORD\nprint n3\n"]),
    ("n/mod.rs", &["print N1\n"]),
    ("t.txt", &["print t1\n", "print t2\n", "include u.txt\n"]),
    ("u.txt", &["print u1\n", "print u2\n"]),
];

/// Changes something on disk, and tells what.
fn mutate(sandbox: &Sandbox, random: &mut Random, compiler_says: &mut String) -> String {
    let directory = random.of(&["a", "b"]);
    let (name, texts) = FILES[[0, 0, 0, 1, 1, 1, 2, 3, 3, 4, 5, 5, 5, 6, 6][random.below(15)]];
    let path = sandbox.path(directory).join(name);
    let shown = format!("{directory}/{name}");
    let there = fs::symlink_metadata(&path).is_ok();
    let rival = match name {
        "m.rs" | "n.rs" => Some(path.with_extension("").join("mod.rs")),
        "m/mod.rs" | "n/mod.rs" => path.parent().map(|directory| directory.with_extension("rs")),
        _ => None,
    };
    if let Some(rival) = rival
        && fs::symlink_metadata(rival).is_ok()
        && !there
        && random.below(4) > 0
    {
        // Two files for one module are an error, and one thing among many.
        return "nothing".to_owned();
    }
    match random.below(24) {
        0..=6 => {
            let text = random.of(texts);
            if path.is_symlink() {
                fs::remove_file(&path).unwrap();
            }
            sandbox.write(&shown, text);
            format!("write {shown} {text:?}")
        }
        7..=9 => {
            let text = random.of(texts);
            sandbox.write(format!("{shown}.unused"), "");
            replace(&path, text);
            if random.below(2) == 0 {
                set_modified(&path, SystemTime::UNIX_EPOCH + LONG_AGO);
            }
            format!("replace {shown} {text:?}")
        }
        10..=11 if path.is_file() => {
            let text = random.of(texts);
            let time = fs::metadata(&path).unwrap().modified().unwrap();
            fs::write(&path, text).unwrap();
            set_modified(&path, time);
            format!("overwrite {shown} {text:?}, same time")
        }
        12 if path.is_file() => {
            let times = [Duration::from_secs(1), LONG_AGO, LONG_AGO * 2, LONG_AGO * 4];
            set_modified(&path, SystemTime::UNIX_EPOCH + times[random.below(times.len())]);
            format!("touch {shown}")
        }
        13 if there && name != "s.rs" => {
            fs::remove_file(&path).unwrap();
            format!("remove {shown}")
        }
        14 => {
            for (one, two) in [("m.rs", "m/mod.rs"), ("n.rs", "n/mod.rs")] {
                let (one, two) = (sandbox.path(directory).join(one), sandbox.path(directory).join(two));
                fs::create_dir_all(two.parent().unwrap()).unwrap();
                let there = |path: &Path| fs::symlink_metadata(path).is_ok();
                match (there(&one), there(&two)) {
                    (true, false) => fs::rename(one, two).unwrap(),
                    (false, true) => fs::rename(two, one).unwrap(),
                    (true, true) => fs::remove_file(two).unwrap(),
                    (false, false) => fs::write(one, "print m1\n").unwrap(),
                }
            }
            format!("move the modules of {directory}")
        }
        15 => {
            let (a, b, kept) = (sandbox.path("a"), sandbox.path("b"), sandbox.path("kept"));
            fs::rename(&a, &kept).unwrap();
            fs::rename(&b, &a).unwrap();
            fs::rename(&kept, &b).unwrap();
            "swap a and b".to_owned()
        }
        16 => {
            let target = random.of(&["a", "b"]);
            link(target, &sandbox.path("current"));
            format!("current -> {target}")
        }
        17 => {
            let target = random.of(&["a/s.rs", "b/s.rs", "current/s.rs", "nowhere"]);
            link(target, &sandbox.path("link.rs"));
            format!("link -> {target}")
        }
        18 => {
            let other = if directory == "a" { "../b" } else { "../a" };
            let depth = if name.contains('/') { "../" } else { "" };
            let target = format!("{depth}{other}/{name}");
            let _ = fs::remove_file(&path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            link(&target, &path);
            // Never a circle, and never a script that is gone for good.
            if !path.exists() {
                fs::remove_file(&path).unwrap();
                sandbox.write(&shown, texts[0]);
            }
            format!("{shown} -> {target}")
        }
        19 => {
            let text = random.of(&["print shared1\n", "print shared2\n"]);
            sandbox.write("shared.txt", text);
            format!("write shared.txt {text:?}")
        }
        20 => {
            *compiler_says = random.of(&["", "first", "other"]).to_owned();
            program(&sandbox.root().join("fake/rustc"), &compiler(compiler_says));
            format!("another compiler, {compiler_says:?}")
        }
        21 => {
            let config = sandbox.home().join(".cargo/config.toml");
            fs::create_dir_all(config.parent().unwrap()).unwrap();
            match random.below(3) {
                0 => fs::write(&config, "[net]\nretry = 1\n").unwrap(),
                1 => fs::write(&config, "[net]\nretry = 2\n").unwrap(),
                _ => drop(fs::remove_file(&config)),
            }
            "cargo's configuration".to_owned()
        }
        22 if path.is_file() => {
            // Two writes at once, of which the second wins.
            fs::write(&path, texts[0]).unwrap();
            let text = random.of(texts);
            fs::write(&path, text).unwrap();
            format!("write {shown} twice, {text:?}")
        }
        _ => "nothing".to_owned(),
    }
}

fn link(target: &str, path: &Path) {
    let new = path.with_extension("new");
    let _ = fs::remove_file(&new);
    symlink(target, &new).unwrap();
    fs::rename(new, path).unwrap();
}

fn run<'a>(sandbox: &'a Sandbox, script: &str, call: &Call) -> Run<'a> {
    let mut run = sandbox.runner(call.options.iter().copied().chain([script]));
    if let Some(word) = call.word {
        run = run.env("WORD", word);
    }
    if let Some(flags) = call.flags {
        run = run.env("RUSTFLAGS", flags);
    }
    run
}

#[test]
fn whatever_happens_the_output_is_that_of_a_build_from_nothing() {
    let sandbox = Sandbox::fake();
    let mut random = Random::new();
    let mut history = History { seed: random.0, lines: Vec::new() };
    for directory in ["a", "b"] {
        sandbox.write(format!("{directory}/s.rs"), "mod m\nenv WORD\n");
        sandbox.write(format!("{directory}/m.rs"), "print m1\n");
        sandbox.write(format!("{directory}/t.txt"), "print t1\n");
        sandbox.write(format!("{directory}/u.txt"), "print u1\n");
        // For a module that moves into a directory of its own.
        sandbox.write(format!("{directory}/shared.txt"), "print near\n");
        sandbox.write(format!("{directory}/m/n.rs"), "print deep\n");
        sandbox.write(format!("{directory}/n.rs"), "print n1\n");
    }
    sandbox.write("shared.txt", "print shared\n");
    link("a", &sandbox.path("current"));
    link("a/s.rs", &sandbox.path("link.rs"));
    let began = SystemTime::now();
    let mut compiler_says = String::new();
    let (mut right, mut refused, mut again) = (0, 0, 0);
    let wanted = steps(2_500);
    for step in 0..wanted {
        // A machine that is busy with other things gets fewer steps, and says how many.
        if step > 500 && steps(0) == 0 && began.elapsed().unwrap() > Duration::from_secs(50) {
            break;
        }
        let mut did = Vec::new();
        for _ in 0..=random.below(2) {
            did.push(mutate(&sandbox, &mut random, &mut compiler_says));
        }
        let call = Call {
            word: [None, None, Some("one"), Some("two"), Some("")][random.below(5)],
            flags: [None, None, None, Some("--cfg=x"), Some("--cfg=y --cfg=z")][random.below(5)],
            options: [vec![], vec![], vec![], vec!["--edition", "2021"], vec!["--profile", "quick"]]
                [random.below(5)]
            .clone(),
        };
        let script = random.of(&["a/s.rs", "b/s.rs", "current/s.rs", "link.rs", "./a/../b/s.rs"]);
        history.add(format!("{}; {script} {call:?}", did.join("; ")));
        let typed: PathBuf = sandbox.path(script);
        let expected = Model::says(&typed, &with_own_options(&typed, &call), &compiler_says);
        let ran = run(&sandbox, script, &call).run();
        let context = || format!("{}\nstdout: {:?}\nstderr: {}", history.tail(), ran.stdout, ran.stderr);
        match expected {
            Some(text) => {
                right += 1;
                assert_eq!((ran.code, &ran.stdout, ran.stderr.as_str()), (0, &text, ""), "{}", context());
                if random.below(4) == 0 {
                    let before = sandbox.compiles();
                    run(&sandbox, script, &call).run().prints(&text);
                    assert_eq!(sandbox.compiles(), before, "compiled again for nothing: {}", context());
                    again += 1;
                }
            }
            None => {
                refused += 1;
                // A link that leads nowhere, or to itself.
                let codes: &[i32] = if typed.exists() { &[125] } else { &[126, 127] };
                assert!(codes.contains(&ran.code) && ran.stdout.is_empty(), "{}", context());
            }
        }
    }
    let compiles = sandbox.compiles();
    say(&format!(
        "property: seed {}, {} steps with the fake compiler: {right} right, {refused} refused as they should be, {again} hits at once, {compiles} compiles\n",
        history.seed,
        history.lines.len()
    ));
    assert!(compiles < history.lines.len(), "nothing was ever cached");
}

/// The options of the shebang, where the call has none of their kind.
fn with_own_options(script: &Path, call: &Call) -> Call {
    let mut call = call.clone();
    let own = fs::read_to_string(script).is_ok_and(|text| text.starts_with("#!"));
    if own && !call.options.contains(&"quick") {
        call.options.push("--debug");
    }
    call
}

// ── rustc ───────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn whatever_happens_the_output_is_that_of_a_build_from_nothing_by_rustc() {
    let sandbox = real();
    let mut random = Random::new();
    let mut history = History { seed: random.0, lines: Vec::new() };
    let heads = ["mod m;", "#[path = \"odd.rs\"] mod m;"];
    let module = |word: &str| format!("pub const WORD: &str = \"{word}\";\n");
    let text = |head: &str| {
        format!(
            "{head}\nfn main() {{\n    println!(\"{{}} {{}} {{:?}} {{}} {{}}\", m::WORD, include_str!(\"t.txt\"), \
             option_env!(\"SAY\"), cfg!(flag), cfg!(debug_assertions));\n}}\n"
        )
    };
    sandbox.write("s.rs", text(heads[0]));
    sandbox.write("t.txt", "t0");
    for name in ["m.rs", "odd.rs"] {
        sandbox.write(name, module(name));
    }
    let mut head = heads[0];
    for _ in 0..steps(30) {
        let did = match random.below(8) {
            0 => {
                head = random.of(&heads);
                replace(&sandbox.path("s.rs"), text(head));
                format!("the script has {head}")
            }
            1..=3 => {
                let name = random.of(&["m.rs", "odd.rs", "m/mod.rs"]);
                let word = random.of(&["one", "two", "six"]);
                sandbox.write(name, module(word));
                set_modified(&sandbox.path(name), SystemTime::UNIX_EPOCH + LONG_AGO);
                format!("{name} says {word}")
            }
            4 => {
                let name = random.of(&["m.rs", "m/mod.rs"]);
                let _ = fs::remove_file(sandbox.path(name));
                format!("no {name}")
            }
            _ => {
                let word = random.of(&["t1", "t2"]);
                sandbox.write("t.txt", word);
                format!("t.txt is {word}")
            }
        };
        let say = [None, Some("x"), Some("")][random.below(3)];
        let flags = [None, Some("--cfg flag")][random.below(2)];
        let profile = random.of(&["quick", "dev"]);
        history.add(format!("{did}; SAY {say:?}, RUSTFLAGS {flags:?}, {profile}"));
        let read = |name: &str| fs::read_to_string(sandbox.path(name)).ok();
        let file = match (head == heads[1], read("m.rs"), read("m/mod.rs")) {
            (true, _, _) => read("odd.rs"),
            (false, Some(one), None) => Some(one),
            (false, None, Some(two)) => Some(two),
            _ => None,
        };
        let word = file.as_deref().and_then(|text| text.split('"').nth(1)).map(str::to_owned);
        let mut run = sandbox.runner(["-q", "--profile", profile, "s.rs"]);
        if let Some(say) = say {
            run = run.env("SAY", say);
        }
        if let Some(flags) = flags {
            run = run.env("RUSTFLAGS", flags);
        }
        let ran = run.run();
        let expected = word.map(|word| {
            let t = read("t.txt").unwrap();
            format!("{word} {t} {say:?} {} {}\n", flags.is_some(), profile == "dev")
        });
        let context = || format!("{}\nstderr: {}", history.tail(), ran.stderr);
        match expected {
            Some(text) => assert_eq!((ran.code, ran.stdout.clone()), (0, text), "{}", context()),
            None => assert_eq!((ran.code, ran.stdout.as_str()), (125, ""), "{}", context()),
        }
    }
    say(&format!("property: seed {}, {} steps with rustc\n", history.seed, history.lines.len()));
}

/// Where the inputs of a build are changed one by one.
const SUITES: &[&str] = &["engine/inputs", "engine/slow/inputs", "rust/slow/dependencies"];

/// The counts of these suites, on a line at the end.
#[test]
fn the_inputs_that_are_mutated_are_counted() {
    let count = |text: &str, what: &str| text.matches(what).count();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let all: String = SUITES
        .iter()
        .flat_map(|suite| files_below(&root.join(suite)))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let tests = count(&all, "#[test]");
    assert!(tests > 90, "{tests}");
    say(&format!(
        "inputs: {tests} tests; {} places change one and see the new result, {} touch one or change what is none and see no compile\n",
        count(&all, "changed(") + count(&all, "calls_exactly("),
        count(&all, "unchanged(") + count(&all, "touched(")
    ));
}
