//! That a hit asks all that was recorded, and notices each change.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::base::digest::Digest;
use crate::base::environment::Environment;
use crate::base::name_marks::Mark;
use crate::fast_path::buffer::Buffer;
use crate::fast_path::{Buffers, MEMORY_BYTES, PAGE_BYTES, System, find_traced};
use crate::store::key::Key;
use crate::store::stamp::{Moment, Stamp};
use crate::store::trace::fact::{Check, Content, Input, text_of};
use crate::store::trace::line::Binary;
use crate::store::trace::{Trace, Variant};

/// Variables that somebody sets.
struct Fixed(HashMap<&'static str, Vec<u8>>, Cell<bool>);

impl System for Fixed {
    fn variable(&self, name: &[u8]) -> Option<&[u8]> {
        self.0.get(std::str::from_utf8(name).unwrap()).map(Vec::as_slice)
    }

    fn may_have(&self, _mark: Mark) -> bool {
        true
    }

    fn has_variable_like(&self, _prefix: &[u8], _known: &[&[u8]]) -> bool {
        false
    }

    fn lacks_memory(&self) {
        self.1.set(true);
    }

    fn current_directory(&self, _buffer: &mut [u8]) -> Option<usize> {
        None
    }
}

/// A cache with a binary, and files of every kind.
struct World {
    root: tempfile::TempDir,
    system: Fixed,
}

impl World {
    fn new() -> World {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        for directory in ["cache/v1/bin", "tools", "empty", "directory"] {
            fs::create_dir_all(at(directory)).unwrap();
        }
        fs::set_permissions(at("cache"), fs::Permissions::from_mode(0o700)).unwrap();
        for file in ["file", "tools/cc", "cache/v1/bin/x"] {
            fs::write(at(file), file).unwrap();
            fs::set_permissions(at(file), fs::Permissions::from_mode(0o700)).unwrap();
        }
        symlink("file", at("link")).unwrap();
        let path = format!("{}:{}", at("empty").display(), at("tools").display());
        let variables = [
            ("RUNNER_CACHE", at("cache").as_os_str().as_bytes().to_vec()),
            ("PATH", path.into_bytes()),
            ("SET", b"a b=c".to_vec()),
            ("SECRET", b"hidden".to_vec()),
        ];
        World { root, system: Fixed(variables.into(), Cell::new(false)) }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn stamp(&self, name: &str) -> Option<Stamp> {
        fs::metadata(self.at(name)).ok().map(|metadata| Stamp::of(&metadata))
    }

    fn content(&self, name: &str) -> Check<'static> {
        let stamp = Some(self.stamp(name).unwrap_or(Stamp::ABSENT));
        let path = text_of(&self.at(name));
        Check::of(Input::Content { content: Content::File, path, digest: Digest::of(b""), stamp })
    }

    /// One fact of each kind, and what it is about.
    fn variant(&self) -> Variant<'static> {
        let environment = Environment::fixed(
            self.system.0.iter().map(|(name, value)| ((*name).into(), OsStr::from_bytes(value).to_owned())),
        );
        let path = Cow::Borrowed(&b"bin/x"[..]);
        let stamp = self.stamp("cache/v1/bin/x");
        Variant {
            binary: Binary { digest: Digest::of(b""), stamp, path },
            provisional: false,
            target: None,
            arguments: Vec::new(),
            variables: vec![(Cow::Borrowed(b"TOLD"), Cow::Borrowed(b"x = \\y"))],
            sandbox: Vec::new(),
            about: Vec::new(),
            lacking: vec![
                (self.stamp("empty"), text_of(&self.at("empty"))),
                (None, text_of(&self.at("none"))),
            ],
            checks: vec![
                Check::variable_is("SET", Some(b"a b=c".to_vec())),
                Check::variable_is("UNSET", None),
                Check::private_variable("SECRET", &environment),
                Check::search_path(Digest::of(b""), &environment),
                Check::command("cc", &environment),
                self.content("tools/cc"),
                Check::command("ld", &environment),
                Check::absent(&self.at("absent")),
                Check::present(&self.at("file"), false),
                Check::present(&self.at("directory"), true),
                Check::link(&self.at("link"), Path::new("file")),
                Check::link(&self.at("file"), Path::new("")),
                self.content("file"),
                self.content("not there"),
            ],
        }
    }

    /// What a hit by the trace with these variants executes, and what that is told.
    fn found(&self, variants: Vec<Variant<'_>>) -> Option<(String, Vec<u8>)> {
        let trace = Trace { script: Cow::Borrowed(b"/x.rs"), variants };
        self.found_by(&trace.render(&Digest::of(b"key")))
    }

    fn found_by(&self, trace: &[u8]) -> Option<(String, Vec<u8>)> {
        let key = Key::new(Digest::of(b"key"));
        let hex = key.digest().hex();
        let path = self.at("cache/v1/traces").join(&hex[..2]).join(hex);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, trace).unwrap();
        let mut memory = vec![0; MEMORY_BYTES];
        let Buffers { variables, cache, path, file } = Buffers::of(&mut memory);
        let mut variables = Buffer::new(variables);
        let (binary, _) = find_traced(&key, &self.system, file, cache, path, &mut variables)?;
        let binary = Path::new(OsStr::from_bytes(binary.bytes()));
        let binary = binary.strip_prefix(self.at("cache/v1")).unwrap().display().to_string();
        Some((binary, variables.into_bytes().to_vec()))
    }
}

/// What happens to a world.
type Change = fn(&mut World);

fn set(world: &mut World, name: &'static str, value: &str) {
    world.system.0.insert(name, value.as_bytes().to_vec());
}

fn executable(path: PathBuf) {
    fs::write(&path, "another").unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_hit_notices_each_change() {
    let changes: [(&str, Change); 20] = [
        ("another value", |world| set(world, "SET", "a b=d")),
        ("no value", |world| drop(world.system.0.remove("SET"))),
        ("a variable", |world| set(world, "UNSET", "")),
        ("another secret", |world| set(world, "SECRET", "other")),
        ("no secret", |world| drop(world.system.0.remove("SECRET"))),
        ("another PATH", |world| set(world, "PATH", "/usr/bin")),
        ("another command", |world| executable(world.at("tools/cc"))),
        ("a command that cannot be executed", |world| {
            fs::set_permissions(world.at("tools/cc"), fs::Permissions::from_mode(0o600)).unwrap();
        }),
        ("an earlier command", |world| executable(world.at("empty/cc"))),
        ("a command in a directory that was not there", |world| {
            fs::create_dir(world.at("none")).unwrap();
        }),
        ("a new command", |world| executable(world.at("tools/ld"))),
        ("something where nothing was", |world| fs::write(world.at("absent"), "").unwrap()),
        ("a directory in place of a file", |world| {
            fs::remove_file(world.at("file")).unwrap();
            fs::create_dir(world.at("file")).unwrap();
        }),
        ("no directory", |world| fs::remove_dir(world.at("directory")).unwrap()),
        ("a file in place of a directory", |world| {
            fs::remove_dir(world.at("directory")).unwrap();
            fs::write(world.at("directory"), "").unwrap();
        }),
        ("a link that leads elsewhere", |world| {
            fs::remove_file(world.at("link")).unwrap();
            symlink("./file", world.at("link")).unwrap();
        }),
        ("another content", |world| fs::write(world.at("file"), "other").unwrap()),
        ("a file that was not there", |world| fs::write(world.at("not there"), "").unwrap()),
        ("another binary", |world| executable(world.at("cache/v1/bin/x"))),
        ("no binary", |world| fs::remove_file(world.at("cache/v1/bin/x")).unwrap()),
    ];
    let expected = Some(("bin/x".to_owned(), b"TOLD=x = \\y\0".to_vec()));
    for (name, change) in changes {
        let mut world = World::new();
        let variant = world.variant();
        assert_eq!(world.found(vec![variant.clone()]), expected);
        // Until the clock has moved on, a stamp may not have.
        Moment::now().pass();
        change(&mut world);
        assert_eq!(world.found(vec![variant]), None, "{name}");
    }
}

#[test]
fn a_command_of_whose_file_nothing_is_asked_can_be_executed() {
    for other in [None, Some(Check::variable_is("UNSET", None)), Some(Check::present(Path::new("/"), true))] {
        let world = World::new();
        let mut variant = world.variant();
        let environment = Environment::fixed([("PATH".into(), world.at("tools").into_os_string())]);
        variant.checks = [Some(Check::command("cc", &environment)), other].into_iter().flatten().collect();
        assert!(world.found(vec![variant.clone()]).is_some());
        fs::set_permissions(world.at("tools/cc"), fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(world.found(vec![variant]), None);
    }
}

#[test]
fn an_older_variant_is_found_if_the_newer_does_not_hold_for_certain() {
    let world = World::new();
    let old = world.variant();
    let with = |check: Check<'static>| {
        let mut variant = world.variant();
        variant.variables.clear();
        variant.checks.insert(0, check);
        variant
    };
    let old_one = Some(("bin/x".to_owned(), b"TOLD=x = \\y\0".to_vec()));
    let other_value = || with(Check::variable_is("SET", None));
    assert_eq!(world.found(vec![other_value(), old.clone()]), old_one);
    assert_eq!(world.found(vec![other_value(), other_value()]), None);
    let newer = with(Check::absent(&world.at("absent")));
    assert_eq!(world.found(vec![newer.clone(), old.clone()]), Some(("bin/x".to_owned(), Vec::new())));
    // Contents may be what they were.
    let mut touched = newer.clone();
    touched.checks.push(Check::of(Input::Content {
        content: Content::File,
        path: text_of(&world.at("file")),
        digest: Digest::of(b""),
        stamp: Some(Stamp { size: 1, ..world.stamp("file").unwrap() }),
    }));
    assert_eq!(world.found(vec![touched, old.clone()]), None);
    // Another PATH may find the same.
    let elsewhere = Input::SearchPath { value: Cow::Borrowed(b"/elsewhere"), digest: Digest::of(b"") };
    assert_eq!(world.found(vec![with(Check::of(elsewhere)), old.clone()]), None);
    // Those that a hit cannot serve.
    let odd = |change: fn(&mut Variant<'static>)| {
        let mut variant = newer.clone();
        change(&mut variant);
        variant
    };
    let others = [
        odd(|variant| variant.provisional = true),
        odd(|variant| variant.target = Some(Cow::Borrowed(b"other"))),
        odd(|variant| variant.arguments.push(Cow::Borrowed(b"-x"))),
        odd(|variant| variant.sandbox.push(Cow::Borrowed(b"read=/"))),
        odd(|variant| variant.binary.stamp = None),
        odd(|variant| variant.checks.push(Check::never("why"))),
        odd(|variant| variant.checks.push(Check::absent(Path::new("/a\0b")))),
        odd(|variant| variant.checks.push(Check::variable_is("A\0B", None))),
    ];
    for (number, other) in others.into_iter().enumerate() {
        assert_eq!(world.found(vec![other, old.clone()]), None, "{number}");
    }
    let any_text = odd(|variant| {
        variant.checks.push(Check::absent(Path::new("/a\nb c=")));
        variant.checks.push(Check::found_command("a b", None));
    });
    assert_eq!(world.found(vec![any_text, old.clone()]), Some(("bin/x".to_owned(), Vec::new())));
    for place in ["/bin/sh", "bin/../../x", "traces/x"] {
        let mut variant = newer.clone();
        variant.binary.path = Cow::Owned(place.as_bytes().to_vec());
        assert_eq!(world.found(vec![variant]), None, "{place}");
    }
}

#[test]
fn heads_of_more_than_a_page_are_all_read() {
    let world = World::new();
    let other_value = |value: String| {
        let mut variant = world.variant();
        variant.checks.insert(0, Check::variable_is("SET", Some(value.into_bytes())));
        variant
    };
    for count in 0..12 {
        let variants = (0..count).map(|number| other_value(number.to_string()));
        let found = world.found(variants.chain([world.variant()]).collect());
        assert!(found.is_some(), "{count} variants before it");
    }
    // Where memory does not suffice for them that is told.
    let many: Vec<Variant<'_>> =
        (0..200).map(|number| other_value(number.to_string())).chain([world.variant()]).collect();
    assert_eq!(world.found(many), None);
    assert!(world.system.1.get());
}

/// A page is read first, and the next head may begin anywhere on it.
#[test]
fn a_head_is_read_wherever_the_page_ends() {
    let world = World::new();
    let key = Digest::of(b"key");
    let with = |length: usize| {
        let mut first = world.variant();
        first.checks.insert(0, Check::variable_is("SET", Some(vec![b'x'; length])));
        Trace { script: Cow::Borrowed(b"/x.rs"), variants: vec![first, world.variant()] }.render(&key)
    };
    let second = |text: &[u8]| text.windows(4).rposition(|bytes| bytes == b"ask ").unwrap();
    let short = second(&with(2000));
    for place in PAGE_BYTES - 60..=PAGE_BYTES + 2 {
        let text = with(2000 + place - short);
        assert_eq!(second(&text), place);
        assert!(world.found_by(&text).is_some(), "{place}");
    }
    for length in [0, 1, 14, 15, 16, 60] {
        assert_eq!(world.found_by(&with(0)[..length]), None, "{length}");
    }
}

#[test]
fn damage_anywhere_in_a_head_is_noticed() {
    let world = World::new();
    let variant = world.variant();
    let trace = Trace { script: Cow::Borrowed(b"/x.rs"), variants: vec![variant] };
    let (key, other) = (Digest::of(b"key"), Digest::of(b"other"));
    let text = trace.render(&key);
    assert!(world.found_by(&text).is_some());
    assert_eq!(world.found_by(&trace.render(&other)), None, "the trace of another script");
    let end = text.windows(8).position(|window| window == b"script /").unwrap();
    for at in 0..end {
        for bit in [1, 2, 32] {
            let mut damaged = text.clone();
            damaged[at] ^= bit;
            assert_eq!(world.found_by(&damaged), None, "bit {bit} at {at}");
        }
        assert_eq!(world.found_by(&text[..at]), None, "cut at {at}");
    }
    assert_eq!(Trace::parse(&key, &text), Some(trace));
}
