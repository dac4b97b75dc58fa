//! A machine with neither Rust nor a C library, as Alpine's images are: BusyBox, an archive of a release, and what was cached.

use std::fs;

use crate::support::installer::{build, checkout, newcomer};
use crate::support::machine::{has, mounts};
use crate::support::sandbox::skipped;

/// What is done there: the archive is installed, and programs run that were made elsewhere.
const THERE: &str = "\
sh install.sh --prefix there/usr --no-share --from archive.tar.gz \"$SUM\"
PATH=$PWD/there/usr/bin:/bin
for name in hi.c hi.rs; do
    runner $name
    runner $name
done
./script
./built
! runner new.c
";

#[test]
fn an_archive_runs_what_was_cached_and_what_is_static_without_rust_or_a_libc() {
    if !has("busybox") {
        return;
    }
    let sandbox = newcomer().with("RUNNER_STATIC", "1");
    let ran = build(sandbox.install_sh(&["--prefix", "here", "--no-share"]));
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    if ran.stdout.contains("dynamically linked") {
        return skipped("no static C library (rustup target add x86_64-unknown-linux-musl)");
    }

    // Elsewhere, with compilers.
    let hi = "#include <stdio.h>\nint main(void) { puts(\"hi from C\"); return 0; }\n";
    sandbox.write("hi.c", hi);
    sandbox.write("new.c", hi.replace("hi", "new"));
    sandbox.write("hi.rs", "fn main() { println!(\"hi from Rust\") }\n");
    sandbox.script("script", "#!/usr/bin/env runner\nfn main() { println!(\"hi from a script\") }\n");
    let made = sandbox.sh(
        "set -e; PATH=$PWD/here/bin:$PATH\n\
         RUNNER_CACHE=$PWD/system runner build --cache hi.c hi.rs script\n\
         runner build hi.c -o built\n\
         mkdir runscript && cp here/bin/runner runscript && tar -czf archive.tar.gz runscript\n\
         mkdir -p root/bin root/usr/bin root/proc root/dev root$PWD there && cp \"$(command -v busybox)\" root/bin/busybox\n\
         ln -s /bin/env root/usr/bin/env\n\
         for name in $(busybox --list); do [ -e root/bin/$name ] || ln -s busybox root/bin/$name; done",
    );
    let made = made.run();
    assert_eq!(made.code, 0, "{}", made.stderr);
    fs::copy(checkout().join("install.sh"), sandbox.path("install.sh")).unwrap();
    let sum = sandbox.sh("sha256sum archive.tar.gz").run().stdout[..64].to_owned();

    // There, the sandbox is at the same place, and nothing else of this machine is.
    let enter = |command: &str| {
        format!(
            "PATH=$PATH:/usr/sbin:/sbin\nmount --bind $PWD root$PWD\n\
             mount --rbind /proc root/proc\nmount --rbind /dev root/dev\n\
             exec chroot root /bin/env -i PATH=/bin HOME=$PWD/there LANG=$LANG SUM={sum} \
             RUNNER_STATIC=1 RUNNER_CACHE_SYSTEM=$PWD/system /bin/sh -e -c 'cd {}\n{command}'",
            sandbox.work().display()
        )
    };
    let Some(run) = mounts(&sandbox, &enter("true")) else { return };
    if run.run().code != 0 {
        return skipped("no static busybox (apt-get install busybox-static)");
    }
    let ran = mounts(&sandbox, &enter(THERE)).unwrap().run();
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let said = "hi from C\nhi from C\nhi from Rust\nhi from Rust\nhi from a script\nhi from C\n";
    assert!(ran.stdout.contains(said), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("is not on PATH"), "{}", ran.stderr);
}
