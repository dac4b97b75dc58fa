//! File systems other than the one that tests usually have: images that are exchanged, layers, whole seconds.

use std::fs;
use std::path::Path;

use crate::support::files::{files_below, program};
use crate::support::machine::{has, is_root, mounts, works};
use crate::support::sandbox::{Sandbox, skipped};
use crate::support::watched::compiler;

/// Whether images can be mounted here; says aloud if not.
fn may_mount_images() -> bool {
    if !is_root() || !Path::new("/dev/loop-control").exists() {
        skipped("only root with loop devices can mount images");
        return false;
    }
    true
}

/// Makes an image of a directory in which every time is the same.
fn image(kind: &str, directory: &Path, image: &Path) -> bool {
    let (directory, image) = (directory.to_str().unwrap(), image.to_str().unwrap());
    match kind {
        "erofs" => {
            works("mkfs.erofs", &["-T0", "-U", "00000000-0000-0000-0000-000000000001", image, directory])
        }
        _ => works(
            "mksquashfs",
            &[directory, image, "-noappend", "-all-time", "0", "-mkfs-time", "0", "-no-progress", "-quiet"],
        ),
    }
}

/// A sandbox with two images that differ in one word of a file, `one.img` and `two.img`, and the place to mount them, `img`.
fn two_images(kind: &str, fill: impl Fn(&Sandbox, &Path, &str)) -> Option<Sandbox> {
    let sandbox = Sandbox::fake();
    for name in ["one", "two"] {
        let directory = sandbox.root().join(name);
        fs::create_dir_all(&directory).unwrap();
        fill(&sandbox, &directory, name);
        if !image(kind, &directory, &sandbox.path(format!("{name}.img"))) {
            skipped(&format!("cannot make an image of {kind}"));
            return None;
        }
    }
    fs::create_dir(sandbox.path("img")).unwrap();
    Some(sandbox)
}

const KINDS: &[&str] = &["squashfs", "erofs"];

/// Mounts each image in turn at one place, and runs a script twice: the first time it is compiled or looked at anew.
fn exchanged(run: &str) -> String {
    format!(
        "for name in one two one two; do\n  mount -o loop,ro $name.img img\n  {run}\n  {run}\n  umount img\ndone\n"
    )
}

#[test]
fn an_image_that_is_exchanged_at_one_place_is_noticed() {
    if !may_mount_images() || !has("mksquashfs") {
        return;
    }
    for kind in KINDS {
        let fill = |_: &Sandbox, directory: &Path, name: &str| {
            fs::write(directory.join("part.txt"), format!("print {name}\n")).unwrap();
            fs::write(directory.join("s.rs"), "include part.txt\n").unwrap();
        };
        let Some(sandbox) = two_images(kind, fill) else { continue };
        sandbox.write("s.rs", "include img/part.txt\n");
        for script in ["s.rs", "img/s.rs"] {
            let Some(run) = mounts(&sandbox, &exchanged(&format!("runner {script}"))) else { return };
            run.run().prints("one\none\ntwo\ntwo\none\none\ntwo\ntwo\n");
        }
        assert_eq!(sandbox.compiles(), 4, "{kind}: each content once a script");
    }
}

#[test]
fn a_compiler_in_an_image_that_is_exchanged_is_noticed() {
    if !may_mount_images() || !has("mksquashfs") {
        return;
    }
    for kind in KINDS {
        let fill = |_: &Sandbox, directory: &Path, name: &str| {
            program(&directory.join("bin/rustc"), &compiler(name));
        };
        let Some(sandbox) = two_images(kind, fill) else { continue };
        sandbox.write("s.rs", "print end\n");
        let run = format!("RUSTC={}/bin/rustc runner s.rs", sandbox.path("img").display());
        let Some(run) = mounts(&sandbox, &exchanged(&run)) else { return };
        run.run().prints(&["one\nend\n".repeat(2), "two\nend\n".repeat(2)].concat().repeat(2));
    }
}

#[test]
fn another_binary_in_an_image_of_the_systems_cache_is_not_executed() {
    if !may_mount_images() || !has("mksquashfs") {
        return;
    }
    for kind in KINDS {
        let fill = |sandbox: &Sandbox, directory: &Path, name: &str| {
            sandbox.write("s.rs", "print right\n");
            let cache = directory.join("cache");
            let root = sandbox.path("img/cache");
            // Built where it will be mounted, so that its own paths are those.
            fs::create_dir_all(sandbox.path("img")).unwrap();
            let run = sandbox.runner(["build", "--cache", "s.rs"]).env("RUNNER_CACHE", &root);
            run.env("RUNNER_CACHE_SYSTEM", &root).run().prints("");
            fs::rename(&root, &cache).unwrap();
            fs::remove_dir(sandbox.path("img")).unwrap();
            for file in files_below(&cache.join("v1/bin")) {
                let text = fs::read_to_string(&file).unwrap();
                let text = if name == "two" { text.replace("right", "wrong") } else { text };
                fs::write(&file, text).unwrap();
            }
        };
        let Some(sandbox) = two_images(kind, fill) else { continue };
        let run = format!("RUNNER_CACHE_SYSTEM={}/cache runner s.rs", sandbox.path("img").display());
        let Some(run) = mounts(&sandbox, &exchanged(&run)) else { return };
        run.run().prints(&"right\n".repeat(8));
    }
}

#[test]
fn layers_over_images_and_file_systems_of_whole_seconds_are_as_any_other() {
    if !may_mount_images() || !has("mksquashfs") || !has("mke2fs") {
        return;
    }
    let fill = |_: &Sandbox, directory: &Path, name: &str| {
        fs::write(directory.join("part.txt"), format!("print {name}\n")).unwrap();
    };
    for kind in KINDS {
        let Some(sandbox) = two_images(kind, fill) else { continue };
        sandbox.write("s.rs", "include img/part.txt\n");
        fs::create_dir_all(sandbox.path("lower")).unwrap();
        let script = "for name in one two one; do\n  mount -o loop,ro $name.img lower\n  mkdir -p /tmp/up /tmp/work\n  \
             mount -t overlay none -o lowerdir=lower,upperdir=/tmp/up,workdir=/tmp/work img\n  \
             runner s.rs\n  runner s.rs\n  umount img\n  umount lower\ndone\n";
        let script = format!("mount -t tmpfs none /tmp -o mode=1777\nexport TMPDIR=/tmp\n{script}");
        // The sandbox itself lies in /tmp: everything is done below a place that stays.
        let script = script.replace("/tmp", sandbox.root().join("tmp").to_str().unwrap());
        let Some(run) = mounts(&sandbox, &script) else { return };
        run.run().prints("one\none\ntwo\ntwo\none\none\n");
    }
    for mount in [
        "truncate -s 16M disk; mke2fs -q -I 128 -t ext4 -F disk >/dev/null 2>&1; mount -o loop disk img",
        "truncate -s 16M disk; mke2fs -q -t ext4 -F disk; mount -o loop disk img",
        "mount -t tmpfs none img",
        "mount -t tmpfs none up; mkdir up/l up/u up/w; mount -t overlay none -o lowerdir=up/l,upperdir=up/u,workdir=up/w img",
    ] {
        let sandbox = Sandbox::fake();
        for directory in ["img", "up"] {
            fs::create_dir(sandbox.path(directory)).unwrap();
        }
        // Faster than whole seconds, of one size, with one time.
        let script = "cat >img/s.rs <<'END'\ninclude part.txt\nEND\nfor name in one two six ten one; do\n  \
             echo print $name >img/part.txt; touch -d @1000000000 img/part.txt\n  runner img/s.rs\n  runner img/s.rs\ndone\n";
        let cache = "mkdir -p img/home; export HOME=$PWD/img/home";
        for home in ["", cache] {
            let Some(run) =
                mounts(&sandbox, &format!("PATH=$PATH:/usr/sbin:/sbin\n{mount}\n{home}\n{script}"))
            else {
                return;
            };
            run.run().prints("one\none\ntwo\ntwo\nsix\nsix\nten\nten\none\none\n");
        }
    }
}
