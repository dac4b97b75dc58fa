//! The library, as a program that embeds it sees it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use runner::command_line::{Limits, Package, Placement, State, Wanted};
use runner::{
    EXIT_CANNOT_EXECUTE, EXIT_FAILED, EXIT_NOT_FOUND, Error, Options, Runner, Script, Settings, Step,
};

use crate::support::sandbox::Sandbox;

/// A runner that sees the sandbox only.
fn runner(sandbox: &Sandbox) -> Runner {
    let path = format!("{}:/usr/bin:/bin", sandbox.root().join("fake").display());
    let variables = [("HOME", sandbox.home().into_os_string()), ("PATH", path.into())];
    let variables = variables.into_iter().map(|(name, value)| (OsString::from(name), value));
    Runner::new(Settings::new(sandbox.cache()).variables(variables))
}

fn read(runner: &Runner, path: &Path) -> Result<Script, Error> {
    Script::open(path, &runner.settings())
}

#[test]
fn a_program_is_prepared_once_and_found_again() {
    let sandbox = Sandbox::fake();
    let path = sandbox.write("x.rs", "print hi\n");
    let runner = runner(&sandbox);
    let script = read(&runner, &path).unwrap();
    assert_eq!(script.path(), Some(path.as_path()));
    assert_eq!(script.bytes(), b"print hi\n");
    let first = runner.build(&script, &Options::default()).unwrap();
    let binary = first.path().unwrap().to_owned();
    assert!(binary.starts_with(sandbox.cache()) && binary.ends_with("x"));
    sandbox.command(&binary).run().prints("hi\n");
    let again = runner.build(&script, &Options::default()).unwrap();
    assert_eq!(again.path(), Some(binary.as_path()));
    let builds = runner.cache_list().unwrap();
    assert_eq!(builds.len(), 1);
    assert_eq!((&builds[0].script, &builds[0].binary), (&path, &binary));
    assert!(runner.cache_size().unwrap() > 0);
}

#[test]
fn a_temporary_program_has_no_path_and_leaves_no_trace() {
    let sandbox = Sandbox::fake();
    let path = sandbox.write("x.rs", "print hi\n");
    let runner = runner(&sandbox);
    let options = Options { temporary: true, ..Options::default() };
    let program = runner.build(&read(&runner, &path).unwrap(), &options).unwrap();
    assert_eq!(program.path(), None);
    drop(program);
    assert!(runner.cache_list().unwrap().is_empty());
    assert!(sandbox.cached("staging").is_empty());
}

#[test]
fn a_script_may_be_text() {
    let sandbox = Sandbox::fake();
    let runner = runner(&sandbox);
    let script = Script::text(OsStr::new("inline"), &sandbox.work(), "print from text\n");
    assert_eq!(script.path(), None);
    let program = runner.build(&script, &Options::default()).unwrap();
    sandbox.command(program.path().unwrap()).run().prints("from text\n");
    let error = runner.promote(&script, &Options::default(), &Placement::default()).unwrap_err();
    assert_eq!(error.step(), Step::Install);
}

#[test]
fn an_error_says_where_it_stopped_and_how_to_exit() {
    let sandbox = Sandbox::fake();
    let runner = runner(&sandbox);
    let step = |name: &str, text: &str, options: &Options| {
        let path = sandbox.write(name, text);
        let error = read(&runner, &path).and_then(|script| runner.build(&script, options)).unwrap_err();
        // Whom it is about, once.
        let shown = error.to_string();
        assert_eq!(shown.matches(path.to_str().unwrap()).count(), 1, "{shown}");
        assert!(!shown.contains('\n') && !shown.ends_with('.'), "{shown}");
        (error.step(), error.exit_code())
    };
    let plain = Options::default();
    let with_toolchain = Options { toolchain: Some("none".to_owned()), ..Options::default() };
    assert_eq!(step("empty.rs", "", &plain), (Step::Script, EXIT_FAILED));
    assert_eq!(step("toml.rs", "---\nx =\n---\n", &plain), (Step::Metadata, EXIT_FAILED));
    assert_eq!(step("x.rs", "print x\n", &with_toolchain), (Step::Toolchain, EXIT_NOT_FOUND));
    assert_eq!(step("fails.rs", "fail here\n", &plain), (Step::Compile, EXIT_FAILED));
    let missing = read(&runner, &sandbox.path("none.rs")).unwrap_err();
    assert_eq!((missing.step(), missing.exit_code()), (Step::Script, EXIT_NOT_FOUND));
    assert_eq!(missing.cure().as_deref(), Some("give the path of a file, or `runner --help`"));
    let directory = read(&runner, &sandbox.work()).unwrap_err();
    assert_eq!((directory.step(), directory.exit_code()), (Step::Script, EXIT_CANNOT_EXECUTE));
}

#[test]
fn an_environment_that_is_fixed_is_all_there_is() {
    let sandbox = Sandbox::fake();
    // The process that embeds it has a HOME and a PATH, perhaps; this environment has not.
    let runner = Runner::new(Settings::new(sandbox.cache()));
    assert_eq!(runner.installed().unwrap_err().step(), Step::Install);
    let path = sandbox.write("x.rs", "print hi\n");
    let script = read(&runner, &path).unwrap();
    let with_home = [(OsString::from("HOME"), sandbox.home().into_os_string())];
    let error = Runner::new(Settings::new(sandbox.cache()).variables(with_home))
        .build(&script, &Options::default())
        .unwrap_err();
    assert_eq!((error.step(), error.exit_code()), (Step::Toolchain, EXIT_NOT_FOUND));
}

#[test]
fn a_package_is_run_as_a_script_is() {
    let package = Package::parse(OsStr::new("ripgrep@14")).unwrap();
    assert_eq!((package.name(), package.to_string().as_str()), ("ripgrep", "ripgrep@14"));
    assert!(matches!(package.wanted(), Wanted::Requirement(_)) && package.version().is_none());
    let script = Script::of_package("ripgrep@14").unwrap();
    assert_eq!(
        (script.package(), script.path(), script.typed()),
        (Some(&package), None, OsStr::new("ripgrep@14"))
    );
    // What is not here is not looked for without the network.
    let sandbox = Sandbox::fake();
    let home = sandbox.home();
    let variables = ["PATH", "RUSTUP_HOME"]
        .map(|name| (OsString::from(name), std::env::var_os(name).unwrap_or_default()));
    let rustup = std::env::var_os("HOME").map(|home| std::path::PathBuf::from(home).join(".rustup"));
    let mut variables: Vec<_> = variables.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    if !variables.iter().any(|(name, _)| name == "RUSTUP_HOME") {
        variables.extend(rustup.map(|rustup| ("RUSTUP_HOME".into(), rustup.into())));
    }
    variables
        .extend([("HOME".into(), home.clone().into()), ("CARGO_HOME".into(), home.join("cargo").into())]);
    let runner = Runner::new(Settings::new(sandbox.cache()).variables(variables));
    let options = Options { offline: true, ..Options::default() };
    let error = runner.build(&script, &options).unwrap_err();
    assert_eq!((error.step(), error.exit_code()), (Step::Dependencies, 125), "{error}");
    assert!(error.to_string().starts_with("ripgrep@14: `ripgrep@14` is not downloaded"), "{error}");
}

#[test]
fn what_is_promoted_is_listed_built_and_demoted() {
    let sandbox = Sandbox::fake();
    let path = sandbox.write("x.rs", "print hi\n");
    let runner = runner(&sandbox);
    let script = read(&runner, &path).unwrap();
    let placement = Placement { directory: Some(sandbox.path("commands")), ..Placement::default() };
    let installed = runner.promote(&script, &Options::default(), &placement).unwrap();
    assert_eq!(installed.path, sandbox.path("commands/x"));
    assert!(!installed.on_path && installed.shadowed_by.is_none());
    sandbox.command(&installed.path).run().prints("hi\n");
    let listed = runner.installed().unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].state, &listed[0].source), (State::Current, &path));
    assert_eq!(runner.demote(OsStr::new("x"), false).unwrap(), installed.path);
    assert!(runner.installed().unwrap().is_empty());
    let output = sandbox.path("out");
    assert_eq!(runner.export(&script, &Options::default(), Some(&output)).unwrap(), output);
    sandbox.command(&output).run().prints("hi\n");
    assert_eq!(runner.cache_clean(Some(&path)).unwrap().builds, 1);
    assert_eq!(runner.cache_trim(Limits::default()).unwrap().builds, 0);
}

#[test]
fn words_of_a_shebang_are_split_as_the_command_line_does() {
    assert_eq!(
        runner::command_line::shell_words::split("--debug  --edition '2021'"),
        ["--debug", "--edition", "2021"]
    );
    assert!(
        runner::command_line::is_similar("promote", "promot")
            && !runner::command_line::is_similar("list", "cache")
    );
    let script = Script::text(OsStr::from_bytes(b"\xff"), Path::new("/"), "");
    assert_eq!(script.typed().as_bytes(), b"\xff");
}
