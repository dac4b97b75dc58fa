//! `scripts/release`, on a clone of the checkout, for the machine it runs on; and the recipes it fills in.

use std::fs;
use std::path::PathBuf;

use crate::support::files::files_below;
use crate::support::installer::{checkout, newcomer};
use crate::support::sandbox::{Ran, Sandbox, skipped};

const TARGET: &str = "x86_64-unknown-linux-musl";

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Who commits in the clone.
const IDENTITY: &str = "-c user.name=x -c user.email=x@example.org";

/// A clone in which a release can be made: `Cargo.toml` says what only an owner can say, and the commit has the tag of this
/// version. `None` where there is no repository to clone, or no such machine.
fn clone() -> Option<Sandbox> {
    if !checkout().join(".git").exists() || !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        skipped("a repository, on Linux on x86_64");
        return None;
    }
    let sandbox = newcomer();
    let script = format!(
        "git clone --quiet --shared {} ../clone && cd ../clone && git remote remove origin && \
         sed -i -e '/^authors = /d' -e '/^version = /a repository = \"https://example.org/us/runscript\"\\n\
         authors = [\"Us <us@example.org>\"]' Cargo.toml && \
         git {IDENTITY} commit --quiet --all --message 'Name the owner' && git tag v{VERSION}",
        checkout().display()
    );
    let ran = sandbox.sh(&script).run();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    Some(sandbox)
}

impl Sandbox {
    fn release(&self, arguments: &[&str]) -> Ran {
        let clone = self.root().join("clone");
        self.command(clone.join("scripts/release")).args(arguments).run()
    }
}

#[test]
fn a_release_is_refused_unless_the_commit_is_clean_tagged_and_in_the_changelog() {
    let Some(sandbox) = clone() else { return };
    let refused = |arguments: &[&str], said: &str| {
        let ran = sandbox.release(arguments);
        assert!(ran.code != 0 && ran.stdout.is_empty(), "{arguments:?}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.starts_with(&format!("scripts/release: {said}")), "{arguments:?}: {}", ran.stderr);
    };
    let git = |arguments: &str| {
        let ran = sandbox.sh(&format!("cd ../clone && git {IDENTITY} {arguments}")).run();
        assert_eq!(ran.code, 0, "{arguments}: {}", ran.stderr);
    };
    refused(&[], "a version is needed");
    refused(&["1.2"], "a version is needed");
    refused(&["9.9.9"], &format!("Cargo.toml has version {VERSION}, and not 9.9.9"));
    refused(&[VERSION, "--key", "nothing"], "cannot read the key `nothing`");
    fs::write(sandbox.root().join("clone/LICENSE"), "mine\n").unwrap();
    refused(&[VERSION], "there are changes that are not committed");
    git("commit --quiet --all --message x");
    refused(&[VERSION], &format!("the commit is not tagged v{VERSION}"));
    git("rm --quiet --cached src/docs/changelog.md");
    fs::write(sandbox.root().join("clone/src/docs/changelog.md"), "# Changelog\n\n## 0.0.1\n").unwrap();
    git("add --all");
    git("commit --quiet --message x");
    git(&format!("tag --force v{VERSION}"));
    refused(&[VERSION], &format!("src/docs/changelog.md has no section `## {VERSION}`"));
    git("reset --quiet --hard HEAD~2");
    git(&format!("tag --force v{VERSION}"));
    git("remote add origin https://example.org/another.git");
    refused(&[VERSION], "Cargo.toml has the repository ");
    git("remote remove origin");
    // What the checkout leaves to the owner.
    let manifest = sandbox.root().join("clone/Cargo.toml");
    let filled = fs::read_to_string(&manifest).unwrap();
    for (field, said) in
        [("repository", "Cargo.toml names no `repository`"), ("authors", "Cargo.toml names nobody")]
    {
        let without: String =
            filled.lines().filter(|line| !line.starts_with(field)).map(|line| format!("{line}\n")).collect();
        fs::write(&manifest, without).unwrap();
        git("commit --quiet --all --message x");
        git(&format!("tag --force v{VERSION}"));
        refused(&[VERSION], said);
        git("reset --quiet --hard HEAD~1");
    }
    git(&format!("tag --force v{VERSION}"));
    sandbox.write("full/file", "");
    refused(&[VERSION, "--output", "full"], &format!("`{}` is not empty", sandbox.path("full").display()));
    refused(&[VERSION, "--target", "aarch64-apple-darwin"], &format!("the targets need {TARGET}"));
}

#[test]
fn a_release_is_equal_in_two_directories_and_holds_what_was_promised() {
    let Some(sandbox) = clone() else { return };
    let has_std = sandbox.sh(&format!("[ -d \"$(rustc --print target-libdir --target {TARGET})\" ]")).run();
    if has_std.code != 0 {
        return skipped(&format!("no std for {TARGET} (rustup target add {TARGET})"));
    }
    sandbox.sh("ssh-keygen -q -t ed25519 -N '' -f key").run();
    let ran = sandbox.release(&[VERSION, "--target", TARGET, "--output", "out", "--key", "key"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains(&format!("{TARGET}: equal in two directories, ")), "{}", ran.stdout);

    // What is said to be there is there, signed.
    let sums = "cd out && sha256sum --quiet --check SHA256SUMS && \
                { printf 'us '; cat ../key.pub; } >../signers && \
                ssh-keygen -q -Y verify -f ../signers -I us -n file -s SHA256SUMS.sig <SHA256SUMS >&2";
    let checked = sandbox.sh(sums).run();
    assert_eq!((checked.code, checked.stdout.as_str()), (0, ""), "{}", checked.stderr);
    let name = format!("runscript-{VERSION}-{TARGET}");
    sandbox.sh(&format!("tar -xzf out/{name}.tar.gz")).run().prints("");
    let mut found: Vec<PathBuf> = files_below(&sandbox.path(&name));
    found.sort();
    let found: Vec<&str> =
        found.iter().map(|path| path.strip_prefix(sandbox.path(&name)).unwrap().to_str().unwrap()).collect();
    let expected = [
        "CHANGELOG.md",
        "LICENSE",
        "README.md",
        "THIRD-PARTY.txt",
        "completions/_runner",
        "completions/runner.bash",
        "completions/runner.elv",
        "completions/runner.fish",
        "completions/runner.nu",
        "completions/runner.ps1",
        "runner",
        "runner.1",
    ];
    assert_eq!(found, expected);
    let listing = sandbox.sh(&format!("tar -tvzf out/{name}.tar.gz --numeric-owner")).run().stdout;
    assert!(listing.lines().all(|line| line.contains(" 0/0 ")), "{listing}");

    // The binary says what it is made of, and the lists of that agree.
    let runner = sandbox.path(&name).join("runner");
    let inspected = sandbox.command(&runner).args(["inspect"]).args([&runner]).run().stdout;
    let commit = sandbox.sh("cd ../clone && git rev-parse HEAD").run().stdout;
    assert!(inspected.contains(&format!("\trevision\t{}\n", commit.trim())), "{inspected}");
    let packages = inspected.lines().filter(|line| line.starts_with("\tdependency\t")).count();
    let text = fs::read_to_string(sandbox.path(format!("out/runscript-{VERSION}.cdx.json"))).unwrap();
    let bill: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(bill["bomFormat"], "CycloneDX");
    let listed = bill["components"].as_array().unwrap();
    // And Rust's own library, and C's.
    assert_eq!(listed.len(), packages + 2);
    let notices = fs::read_to_string(sandbox.path(&name).join("THIRD-PARTY.txt")).unwrap();
    for component in listed {
        let (name, version) = (component["name"].as_str().unwrap(), component["version"].as_str().unwrap());
        assert!(notices.contains(&format!("{name} {version}: ")), "{name}");
    }

    // A machine without Rust runs a program that was cached, or built, on another.
    sandbox.write("hi.c", "#include <stdio.h>\nint main(void) { puts(\"hi\"); return 0; }\n");
    let cached = "RUNNER_TIER=off; export RUNNER_TIER; \
                  $R hi.c && $R build --static hi.c -o static && PATH=/nowhere && $R hi.c && ./static";
    let sum = sandbox.sh(&format!("sha256sum out/{name}.tar.gz")).run().stdout[..64].to_owned();
    let archive = format!("out/{name}.tar.gz");
    let install = sandbox.command(checkout().join("install.sh"));
    let ran = install.args(["--prefix", "p", "--from", &archive, &sum]).env("PATH", "/usr/bin:/bin").run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    sandbox.sh(cached).env("R", sandbox.path("p/bin/runner")).run().prints("hi\nhi\nhi\n");

    // The package of Debian, unpacked.
    let package = format!("out/runscript_{VERSION}_amd64.deb");
    if sandbox.path(&package).exists() {
        sandbox.sh(&format!("dpkg-deb -x {package} root")).run().prints("");
        let version = format!("runner {VERSION}\n");
        sandbox.command(sandbox.path("root/usr/bin/runscript")).args(["-V"]).run().prints(&version);
        assert!(sandbox.path("root/usr/share/man/man1/runner.1.gz").exists());
        assert!(sandbox.path("root/usr/share/doc/runscript/copyright").exists());
    } else {
        skipped("no dpkg-deb");
    }

    // Recipes name the archive by its sum, and no machine that there is no archive for.
    for recipe in ["homebrew.rb", "flake.nix", "PKGBUILD", "Containerfile", "action.yml"] {
        let text = fs::read_to_string(sandbox.path("out/packaging").join(recipe)).unwrap();
        assert!(text.contains(&sum) && !text.contains("apple-darwin.tar.gz"), "{recipe}: {text}");
    }
}

#[test]
fn a_recipe_with_a_fault_is_found() {
    let sandbox = newcomer();
    let lint = checkout().join("scripts/release.d/lint");
    // As they are in the checkout nothing is filled in.
    let ran = sandbox.command(&lint).args([checkout().join("scripts/packaging")]).run();
    assert!(ran.code == 1 && ran.stderr.contains("a value that was not filled in"), "{}", ran.stderr);
    let fill = format!(
        "mkdir -p filled && for file in {}/*; do sed -e 's/@SHA256 [^@]*@/00/; s/@[A-Z]*@/x/g; /#@ /d' $file >filled/${{file##*/}}; done",
        checkout().join("scripts/packaging").display()
    );
    sandbox.sh(&fill).run().prints("");
    let ran = sandbox.command(&lint).args([sandbox.path("filled")]).run();
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    for (name, fault) in [("PKGBUILD", "if\n"), ("Containerfile", "COPIES x y\n")] {
        let path = sandbox.path("filled").join(name);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{text}{fault}")).unwrap();
        assert_ne!(sandbox.command(&lint).args([sandbox.path("filled")]).run().code, 0, "{name}");
        fs::write(&path, text).unwrap();
    }
}
