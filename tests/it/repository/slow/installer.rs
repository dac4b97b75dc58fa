//! `install.sh` on a machine of scripts: what it asks, refuses, replaces and removes.

use std::fs;

use crate::support::files::{copy, files_below};
use crate::support::installer::{MUSL, SHARED, checkout, machine, newcomer};
use crate::support::sandbox::{skipped, tested};

/// The crate that is called `runner` is another program, and says `runner 0.7.0` of itself.
#[test]
fn another_program_called_runner_is_refused_by_name_and_goes_only_by_force() {
    let sandbox = machine();
    let other = sandbox.script("p/bin/runner", "#!/bin/sh\necho runner 0.7.0\n");
    let text = fs::read_to_string(&other).unwrap();
    let is = format!("`{}` exists and is another program of that name (runner 0.7.0)", other.display());
    let hint = "install elsewhere with `--prefix DIR`, or replace it with `--force`";
    let message = format!("install.sh: {is}\n  hint: {hint}\n");
    sandbox.install_sh(&["--prefix", "p"]).run().ends(1, "", &message);
    let is = format!("`{}` is another program of that name (runner 0.7.0), so it stays", other.display());
    let message =
        format!("install.sh: {is}\n  hint: remove it by hand if you know what it is, or with `--force`\n");
    sandbox.install_sh(&["--prefix", "p", "--uninstall"]).run().ends(1, "", &message);
    assert_eq!(fs::read_to_string(&other).unwrap(), text);
    sandbox.installs(&["--force"]);
    let version = format!("runner {}\n", env!("CARGO_PKG_VERSION"));
    sandbox.command(&other).args(["--version"]).run().prints(&version);
    fs::write(&other, text).unwrap();
    let removed = format!("removed {}\n", other.display());
    sandbox.install_sh(&["--prefix", "p", "--uninstall", "--force"]).run().prints(&removed);
    // A directory is no program, whatever is said.
    fs::create_dir(&other).unwrap();
    assert_eq!(sandbox.install_sh(&["--prefix", "p", "--force"]).run().code, 1);
}

#[test]
fn a_link_planted_under_a_name_that_can_be_guessed_is_not_followed() {
    let sandbox = machine();
    let secret = sandbox.write("secret", "secret\n");
    fs::create_dir_all(sandbox.path("p/bin")).unwrap();
    fs::create_dir_all(sandbox.path("p/share/man/man1")).unwrap();
    // The script has the number of the shell that becomes it.
    let script = format!(
        "ln -s $PWD/secret p/bin/.runner.$$ && ln -s $PWD/secret p/share/man/man1/runner.1.$$ && \
         exec {} --prefix p",
        checkout().join("install.sh").display()
    );
    let ran = sandbox.sh(&script).run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    assert_eq!(fs::read_to_string(secret).unwrap(), "secret\n");
    for name in ["bin/runner", "share/man/man1/runner.1"] {
        let metadata = fs::symlink_metadata(sandbox.path("p").join(name)).unwrap();
        assert!(metadata.is_file(), "{name}");
    }
    let left = files_below(&sandbox.path("p/bin"));
    assert_eq!(left.iter().filter(|path| !path.is_symlink()).count(), 1, "{left:?}");
}

#[test]
fn an_archive_is_installed_without_rust_if_it_is_what_its_sum_says() {
    let sandbox = newcomer();
    fs::create_dir(sandbox.path("runscript-1.2.3-any")).unwrap();
    copy(tested(), sandbox.path("runscript-1.2.3-any/runner"));
    sandbox.sh("tar -czf a.tar.gz runscript-1.2.3-any && tar -czf empty.tar.gz --files-from /dev/null").run();
    let sum = |name: &str| sandbox.sh(&format!("sha256sum {name}")).run().stdout[..64].to_owned();
    let (good, empty) = (sum("a.tar.gz"), sum("empty.tar.gz"));
    let install = |arguments: &[&str]| {
        let run = sandbox.install_sh(&["--prefix", "p"]).args(arguments);
        run.env("PATH", "/usr/bin:/bin").env("RUSTC", "/nowhere").run()
    };
    let refuses = |arguments: &[&str], code: i32, message: &str| {
        install(arguments).ends(code, "", &format!("install.sh: {message}\n"));
        assert!(!sandbox.path("p").exists());
    };
    let hint = "\n  hint: `./install.sh --from ARCHIVE SHA256`; the sum stands in SHA256SUMS";
    refuses(&["--from", "a.tar.gz"], 2, &format!("`--from` needs an archive and its SHA-256{hint}"));
    let hint = "\n  hint: it stands in the SHA256SUMS of the release";
    refuses(&["--from", "a.tar.gz", &good[1..]], 2, &format!("a SHA-256 has 64 hexadecimal digits{hint}"));
    refuses(&["--from", "b.tar.gz", &good], 1, "cannot read `b.tar.gz`: no such file");
    refuses(&["--from", "http://x/a", &good], 1, "cannot download `http://x/a`: only https is trusted");
    let hint = "\n  hint: download it again, with the SHA256SUMS beside it";
    let message = format!("`a.tar.gz` is not what its SHA-256 says: {good}{hint}");
    refuses(&["--from", "a.tar.gz", &empty], 1, &message);
    refuses(&["--from", "empty.tar.gz", &empty], 1, "there is no runner in `empty.tar.gz`");
    let ran = install(&["--from", "a.tar.gz", &good.to_uppercase(), "--as", "runscript"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    let version = format!("runner {}", env!("CARGO_PKG_VERSION"));
    assert!(ran.stdout.contains(&format!("runner ({version}, from a.tar.gz)\n")), "{}", ran.stdout);
    sandbox.command(sandbox.path("p/bin/runscript")).args(["-V"]).run().prints(&format!("{version}\n"));
    assert_eq!(files_below(&sandbox.path("p/share")).len(), SHARED.len());
}

#[test]
fn uninstalling_says_what_stays_and_purging_takes_it() {
    let sandbox = machine();
    sandbox.installs(&[]);
    let home = sandbox.home();
    sandbox.write("../home/.cache/runner/CACHEDIR.TAG", "");
    sandbox.write("../home/.local/share/runner/receipts/x", "");
    sandbox.write("../home/.config/runner/config.toml", "");
    let places = [
        (".cache/runner", "the cache"),
        (".local/share/runner", "the list of the commands that were promoted, which go on working"),
        (".config/runner", "the configuration"),
    ];
    let stays = places.map(|(name, what)| format!("stays: {}/{name} ({what})\n", home.display())).concat();
    let expected = format!(
        "removed {}\n{stays}`./install.sh --uninstall --purge` removes these too\n",
        sandbox.path("p/bin/runner").display()
    );
    sandbox.install_sh(&["--prefix", "p", "--uninstall"]).run().prints(&expected);
    assert_eq!(files_below(&home).len(), 3);
    let removed = places.map(|(name, _)| format!("removed {}/{name}\n", home.display())).concat();
    sandbox.install_sh(&["--prefix", "p", "--uninstall", "--purge"]).run().prints(&removed);
    assert!(files_below(&home).is_empty());
    // A cache directory that runner did not make may hold other things.
    let foreign = sandbox.write("mine/file", "mine\n");
    let purge = sandbox.install_sh(&["--prefix", "p", "--uninstall", "--purge"]);
    assert_eq!(purge.env("RUNNER_CACHE", sandbox.path("mine")).run().code, 0);
    assert!(foreign.exists());
}

#[test]
fn completions_of_zsh_lie_where_its_configuration_looks() {
    let sandbox = machine();
    if std::process::Command::new("zsh").arg("--version").output().is_err() {
        return skipped("no zsh (apt-get install zsh)");
    }
    let asked = "print -r -- $_comps[runner]";
    let completes = || sandbox.command("zsh").args(["-ic", asked]).env("TERM", "dumb").run().stdout;
    let home = sandbox.home();
    let install = || {
        let ran = sandbox.install_sh(&[]).run();
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
        ran.stdout
    };
    // Nothing that it adds: there is a line to add.
    let compinit = "autoload -U compinit; compinit -u\n";
    sandbox.write("../home/.zshrc", compinit);
    let said = install();
    let line = said.lines().find_map(|line| line.trim().strip_prefix("fpath=(")).unwrap();
    assert_eq!(completes(), "\n");
    sandbox.write("../home/.zshrc", format!("fpath=({line}\n{compinit}"));
    assert_eq!(completes(), "_runner\n");
    assert!(!install().contains("fpath="));
    // A directory of its own.
    fs::create_dir(home.join(".zfunc")).unwrap();
    sandbox.write("../home/.zshrc", format!("fpath=(~/.zfunc $fpath)\n{compinit}"));
    fs::remove_file(home.join(".local/share/zsh/site-functions/_runner")).unwrap();
    assert!(!install().contains("fpath="));
    assert_eq!(completes(), "_runner\n");
    assert!(home.join(".zfunc/_runner").is_file());
    let ran = sandbox.install_sh(&["--uninstall"]).run();
    assert!(ran.stdout.contains(&format!("removed {}/.zfunc/_runner\n", home.display())), "{}", ran.stdout);
    assert!(!home.join(".zfunc/_runner").exists());
}

#[test]
fn what_it_cannot_understand_it_refuses() {
    let sandbox = newcomer();
    let hint = "  hint: `./install.sh --help` lists the options\n";
    let refuses = |arguments: &[&str], message: &str| {
        sandbox.install_sh(arguments).run().ends(2, "", &format!("install.sh: {message}"));
    };
    refuses(&["--prfix", "x"], &format!("unknown option `--prfix`\n{hint}"));
    refuses(&["--prefix"], &format!("`--prefix` needs a value\n{hint}"));
    refuses(&["x"], &format!("unknown option `x`\n{hint}"));
    let names = "runscript rust-script run-cargo-script cargo-eval scriptisto";
    refuses(&["--as", "ls"], &format!("runner cannot be installed as `ls`\n  hint: the names are {names}\n"));
    let message =
        "`--as` and `--uninstall` do not go together\n  hint: `--uninstall` removes every name of runner\n";
    refuses(&["--uninstall", "--as", "scriptisto"], message);
    let message =
        "`--purge` needs `--uninstall`\n  hint: `./install.sh --uninstall --purge` removes everything\n";
    refuses(&["--purge"], message);
    let ran = sandbox.install_sh(&["--prefix", "x"]).without("HOME").env("PATH", "/nowhere").run();
    assert_ne!(ran.code, 0);
    let help = sandbox.install_sh(&["--help"]).run();
    assert!(help.code == 0 && help.stderr.is_empty() && help.stdout.starts_with("usage: ./install.sh "));
}

#[test]
fn a_musl_target_that_is_missing_is_asked_of_rustup_for_the_toolchain_that_builds() {
    let sandbox = machine();
    let (said, calls) = sandbox.installs(&[]);
    let expected =
        format!("adding Rust's std for {MUSL} to fake, for a static binary (`--no-rustup` does without)\n");
    assert_eq!(said, expected);
    assert!(calls.contains(&format!("rustup target add --toolchain fake {MUSL}\n")), "{calls}");
    let built = calls.lines().rfind(|line| line.starts_with("flags ")).unwrap();
    assert!(built.starts_with(&format!("flags {MUSL} ")) && built.contains("crt-static"), "{built}");
    // It is there now, and nobody is asked again.
    let (said, calls) = sandbox.installs(&[]);
    assert!(said.is_empty() && !calls.contains("rustup "), "{said}{calls}");
}

#[test]
fn without_musl_it_is_linked_dynamically_and_says_so() {
    let sandbox = machine();
    let root = sandbox.root().to_owned();
    let hint = format!(
        "no static C library here, so runner will be linked dynamically (`rustup target add {MUSL}` provides one)\n"
    );
    let is_dynamic = |calls: &str| {
        let built = calls.lines().rfind(|line| line.starts_with("flags ")).unwrap_or_default();
        built.starts_with("flags x86_64-unknown-linux-gnu ") && !built.contains("crt-static")
    };
    // Not wanted.
    let (said, calls) = sandbox.installs(&["--no-rustup"]);
    assert_eq!(said, hint);
    assert!(is_dynamic(&calls) && !calls.contains("rustup "), "{calls}");
    // Not one of rustup's.
    fs::write(root.join("sysroot"), "/usr\n").unwrap();
    let (said, calls) = sandbox.installs(&[]);
    assert_eq!(said, hint);
    assert!(is_dynamic(&calls) && !calls.contains("rustup "), "{calls}");
    // No network.
    fs::write(root.join("sysroot"), format!("{}/rustup/toolchains/fake\n", root.display())).unwrap();
    fs::write(root.join("offline"), "").unwrap();
    let (said, calls) = sandbox.installs(&[]);
    assert!(said.ends_with(&format!("rustup could not add it: could not download\n{hint}")), "{said}");
    assert!(is_dynamic(&calls), "{calls}");
    // The standard library is there, and what it is linked with is not.
    fs::create_dir(root.join(format!("std-{MUSL}"))).unwrap();
    fs::remove_file(root.join(format!("links-{MUSL}"))).unwrap();
    let (said, calls) = sandbox.installs(&[]);
    assert_eq!(said, hint);
    assert!(is_dynamic(&calls) && !calls.contains("rustup "), "{calls}");
}

#[test]
fn a_page_or_completions_of_somebody_elses_are_neither_replaced_nor_removed() {
    let sandbox = machine();
    let mine = sandbox.write("p/share/man/man1/runner.1", "mine\n");
    let ran = sandbox.install_sh(&["--prefix", "p"]).run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    assert!(ran.stdout.contains(&format!("{} stays: install.sh did not put it there\n", mine.display())));
    assert_eq!(files_below(&sandbox.path("p/share")).len(), SHARED.len());
    sandbox.install_sh(&["--prefix", "p", "--uninstall"]).run();
    assert_eq!(files_below(&sandbox.path("p")), std::slice::from_ref(&mine));
    assert_eq!(fs::read_to_string(mine).unwrap(), "mine\n");
    // What cannot be written is left out.
    sandbox.write("q/share", "a file\n");
    let ran = sandbox.install_sh(&["--prefix", "q"]).run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    assert!(ran.stdout.contains("so they are left out\n"), "{}", ran.stdout);
    assert!(sandbox.path("q/bin/runner").exists());
}
