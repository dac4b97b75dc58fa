//! What a host says is all there is: variables, directories, names, an editor's buffer.

use std::path::Path;

use runner::{Error, Kind, Options, Program, Run, Runner, Script, Settings, Step};

use crate::support::hosts::{host, runner, settings};
use crate::support::sandbox::Sandbox;

#[test]
fn everything_a_host_keeps_goes_from_thread_to_thread() {
    fn goes<T: Send + Sync + Clone + 'static>() {}
    fn is_error<T: std::error::Error + Send + Sync + 'static>() {}
    goes::<Settings>();
    goes::<Runner>();
    goes::<Script>();
    goes::<Program>();
    goes::<Options>();
    goes::<runner::Cancel>();
    is_error::<Error>();
    fn moves<T: Send>() {}
    moves::<Run>();
    moves::<runner::Running>();
}

#[test]
fn a_program_built_in_one_thread_runs_in_another() {
    let sandbox = Sandbox::fake_hi();
    let runner = runner(sandbox.root(), &[]);
    let script = Script::open(&sandbox.path("x.rs"), &runner.settings()).unwrap();
    let program =
        std::thread::spawn(move || runner.build(&script, &Options::default()).unwrap()).join().unwrap();
    let ran = std::thread::spawn(move || program.run(Run::new()).unwrap()).join().unwrap();
    assert_eq!((ran.status.code(), &*ran.stdout), (Some(0), &b"hi\n"[..]));
}

#[test]
fn an_executed_script_sees_the_variables_of_the_settings_alone() {
    let sandbox = Sandbox::fake();
    sandbox.write("x.rs", "print hi\n");
    let ran = host(&sandbox, "exec", "export SECRET_HOST=1").run();
    // The program is a shell script that says `hi`; the host has it followed by `env`.
    assert!(ran.stdout.contains("GREETING=hello") && !ran.stdout.contains("SECRET_HOST"), "{}", ran.stdout);
}

#[test]
fn a_path_is_a_path() {
    let sandbox = Sandbox::fake();
    let settings = settings(sandbox.root()).directory(sandbox.work());
    sandbox.write("ls", "print ours\n");
    sandbox.write("-", "print dash\n");
    for (name, text) in [("ls", "print ours\n"), ("-", "print dash\n"), ("./ls", "print ours\n")] {
        let script = Script::open(Path::new(name), &settings).unwrap();
        assert_eq!(script.bytes(), text.as_bytes(), "{name}");
        assert!(script.path().unwrap().starts_with(sandbox.work()));
    }
    for name in ["sh", "ripgrep@14", "none.rs"] {
        let error = Script::open(Path::new(name), &settings).unwrap_err();
        assert_eq!((error.step(), error.kind()), (Step::Script, Kind::NotFound), "{name}: {error}");
    }
    // Those are names for a command line.
    assert!(Script::find("sh".as_ref(), &settings).is_ok());
    assert!(Script::find("ripgrep@14".as_ref(), &settings).unwrap().package().is_some());
    assert!(Script::of_package("ripgrep").is_err());
}

#[test]
fn relative_paths_are_those_of_the_settings() {
    let sandbox = Sandbox::fake();
    sandbox.write("d/x.rs", "print hi\n");
    let settings = settings(sandbox.root()).cache("cache").directory(sandbox.path("d"));
    let runner = Runner::new(settings.clone());
    let program =
        runner.build(&Script::open(Path::new("x.rs"), &settings).unwrap(), &Options::default()).unwrap();
    assert!(program.path().unwrap().starts_with(sandbox.path("d/cache")), "{:?}", program.path());
    assert_eq!(runner.cache_path().unwrap(), sandbox.path("d/cache"));
}
