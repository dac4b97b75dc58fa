//! Every way of looking at a path.

use std::path::PathBuf;

use crate::process::observe::observed::What;
use crate::process::observe::policy::{Links, Policy, Whose};
use crate::process::observe::tests::support::{Site, name};

#[test]
fn a_file_that_is_opened_is_content_and_one_that_is_not_there_is_absent() {
    let Some(site) = Site::observed() else { return };
    site.write("a", "1");
    let seen = site.run_c("open(\"a\", O_RDONLY); open(\"b\", O_RDONLY); return 0;").ok();
    assert_eq!((seen.what("a"), seen.what("b")), ("content".into(), "absent b".into()));
    assert_eq!(seen.names(), ["a", "b"]);
    assert_eq!(seen.who("a"), "main");
}

#[test]
fn each_call_says_how_much_it_asks() {
    let cases = [
        ("openat(AT_FDCWD, \"a\", O_RDONLY)", "content"),
        ("syscall(SYS_open, \"a\", O_RDONLY)", "content"),
        (
            "({ long how[3] = {O_RDONLY}; syscall(SYS_openat2, AT_FDCWD, \"a\", how, sizeof how); })",
            "content",
        ),
        ("open(\"a\", O_PATH)", "existence"),
        ("({ struct stat s; syscall(SYS_stat, \"a\", &s); })", "metadata"),
        ("({ struct stat s; syscall(SYS_lstat, \"a\", &s); })", "metadata"),
        ("({ struct stat s; stat(\"a\", &s); })", "metadata"),
        ("({ struct statx s; statx(AT_FDCWD, \"a\", 0, STATX_ALL, &s); })", "metadata"),
        ("access(\"a\", R_OK)", "existence"),
        ("faccessat(AT_FDCWD, \"a\", R_OK, AT_EACCESS)", "existence"),
        ("syscall(SYS_faccessat2, AT_FDCWD, \"a\", R_OK, 0)", "existence"),
        ("({ char b[9]; readlink(\"a\", b, 9); })", "existence"),
        ("({ char b[9]; readlinkat(AT_FDCWD, \"a\", b, 9); })", "existence"),
        ("truncate(\"a\", 1)", "content"),
        ("open(\"a\", O_RDWR)", "content"),
        ("open(\"a\", O_WRONLY | O_APPEND)", "content"),
        ("open(\"a\", O_RDWR | O_CREAT, 0644)", "content"),
        ("open(\"a\", O_RDWR | O_CREAT | O_EXCL, 0644)", "existence"),
        ("mkdir(\"a\", 0755)", "existence"),
        ("chdir(\"a\")", "existence"),
        ("execl(\"a\", \"a\", 0)", "content"),
        ("link(\"a\", \"other\")", "content"),
        ("rename(\"a\", \"other\")", "content"),
    ];
    for (call, expected) in cases {
        let Some(site) = Site::observed() else { return };
        site.write("a", "1");
        let seen = site.run_c(&format!("{call}; return 0;")).ok();
        assert_eq!(seen.what("a"), expected, "{call}");
    }
}

#[test]
fn a_directory_whose_names_are_read_is_listed_and_one_that_is_opened_is_not() {
    let Some(site) = Site::observed() else { return };
    site.write("d/a", "");
    site.write("e/a", "");
    let body = "DIR *d = opendir(\"d\"); readdir(d); open(\"e\", O_RDONLY | O_DIRECTORY); return 0;";
    let seen = site.run_c(body).ok();
    assert_eq!((seen.what("d"), seen.what("e")), ("listing".into(), "existence".into()));
}

#[test]
fn paths_are_relative_to_the_directory_at_the_time() {
    let Some(site) = Site::observed() else { return };
    site.write("d/e/a", "");
    site.write("d/b", "");
    let body = "chdir(\"d\"); open(\"b\", 0); int e = open(\"e\", O_PATH); openat(e, \"a\", 0); openat(e, \"no\", 0);\
                fchdir(e); open(\"../b2\", 0); openat(e, \"../../c\", 0); return 0;";
    let seen = site.run_c(body).ok();
    assert_eq!(seen.what("d/b"), "content");
    assert_eq!(seen.what("d/e/a"), "content");
    assert_eq!(seen.what("d/e/no"), "absent d/e/no");
    assert_eq!(seen.what("d/b2"), "absent d/b2");
    assert_eq!(seen.what("c"), "absent c");
}

#[test]
fn each_link_on_the_way_is_a_look() {
    let Some(site) = Site::observed() else { return };
    site.write("v2/lib/a", "");
    site.link("v2", "current");
    site.link("current/lib", "lib");
    site.link("lib/a", "a");
    site.link("nowhere", "dangling");
    site.link("loop", "loop");
    let seen = site.run_c("open(\"a\", 0); open(\"dangling\", 0); open(\"loop\", 0); return 0;").ok();
    assert_eq!(seen.what("a"), "link lib/a");
    assert_eq!(seen.what("lib"), "link current/lib");
    assert_eq!(seen.what("current"), "link v2");
    assert_eq!(seen.what("v2/lib/a"), "content");
    assert_eq!(seen.what("dangling"), "link nowhere");
    assert_eq!(seen.what("nowhere"), "absent nowhere");
    assert_eq!(seen.what("loop"), "link loop");
}

/// A link to the directory would be another answer.
#[test]
fn that_a_directory_is_no_link_is_what_lstat_tells() {
    let Some(site) = Site::observed() else { return };
    site.write("asked/a", "");
    site.write("followed/a", "");
    let seen = site.run_c("struct stat s; lstat(\"asked\", &s); stat(\"followed\", &s); return 0;").ok();
    let is_no_link = |name: &str| {
        let path = site.root.join(name);
        let target = PathBuf::new();
        let mut looks = seen.observed.looks.iter().filter(|look| look.path == path);
        looks.any(|look| look.what == What::Link { target: target.clone() })
    };
    assert!(is_no_link("asked") && !is_no_link("followed"));
}

#[test]
fn a_link_itself_is_what_lstat_and_readlink_ask_for() {
    let Some(site) = Site::observed() else { return };
    site.write("a", "");
    site.link("a", "l");
    site.link("a", "m");
    let body = "struct stat s; lstat(\"l\", &s); char b[9]; readlink(\"m\", b, 9); return 0;";
    let seen = site.run_c(body).ok();
    assert_eq!(
        (seen.what("l"), seen.what("m"), seen.what("a")),
        ("link a".into(), "link a".into(), "-".into())
    );
}

#[test]
fn links_that_are_read_are_no_looks_if_only_those_followed_are_asked_for() {
    let Some(site) = Site::observed() else { return };
    site.write("a", "");
    site.link("a", "l");
    site.link("a", "m");
    let program = site.program("char b[9]; readlink(\"l\", b, 9); open(\"m\", 0); return 0;", &[]).unwrap();
    let policy = Policy { links: Links::Followed, ..Policy::default() };
    let seen = site.run_by(std::process::Command::new(program).current_dir(&site.root), policy).ok();
    assert_eq!(
        (seen.what("l"), seen.what("m"), seen.what("a")),
        ("-".into(), "link a".into(), "content".into())
    );
}

#[test]
fn dots_are_resolved_behind_links() {
    let Some(site) = Site::observed() else { return };
    site.write("x/y/a", "");
    site.write("x/b", "");
    site.link("x/y", "l");
    let seen = site.run_c("open(\"l/../b\", 0); open(\"./x/./y//a\", 0); open(\"l/.\", 0); return 0;").ok();
    assert_eq!((seen.what("x/b"), seen.what("b")), ("content".into(), "-".into()));
    assert_eq!(seen.what("x/y/a"), "content");
    assert_eq!(seen.what("x/y"), "existence");
}

#[test]
fn a_directory_that_was_walked_to_before_is_walked_to_anew_once_the_build_has_changed_something() {
    let Some(site) = Site::observed() else { return };
    for name in ["x/a", "x/b", "y/a", "y/c"] {
        site.write(name, "");
    }
    site.link("x", "l");
    let body = "open(\"l/a\", 0); open(\"l/b\", 0); open(\"l/../x/a\", 0); open(\"l/none\", 0); \
                unlink(\"l\"); symlink(\"y\", \"l\"); open(\"l/a\", 0); open(\"l/c\", 0); return 0;";
    let seen = site.run_c(body).ok();
    for name in ["x/a", "x/b", "y/a", "y/c"] {
        assert_eq!(seen.what(name), "content", "{name}");
    }
    assert_eq!((seen.what("l"), seen.what("x/none")), ("link x".into(), "absent x/none".into()));
}

#[test]
fn what_one_who_does_not_count_walked_is_told_of_who_counts() {
    let Some(site) = Site::observed() else { return };
    site.write("x/a", "");
    site.link("x", "l");
    // Its own looks do not count, those of what it starts do.
    let body = "open(\"l/a\", 0); open(\"l/b\", 0); if (!fork()) execl(\"/bin/cat\", \"cat\", \"l/a\", (char *)0); wait(0); return 0;";
    let program = site.program(body, &[]).unwrap();
    let policy = Policy { whose: Whose::Started, ..Policy::default() };
    let seen = site.run_by(std::process::Command::new(program).current_dir(&site.root), policy).ok();
    assert_eq!(
        (seen.what("x/a"), seen.what("l"), seen.what("x/b")),
        ("content".into(), "link x".into(), "-".into())
    );
}

#[test]
fn below_an_absent_directory_the_directory_is_what_is_missing() {
    let Some(site) = Site::observed() else { return };
    site.write("f", "");
    let seen = site.run_c("open(\"no/such/a.h\", 0); open(\"f/a.h\", 0); return 0;").ok();
    assert_eq!(seen.what("no/such/a.h"), "absent no");
    assert_eq!(seen.what("f/a.h"), "absent f/a.h");
}

#[test]
fn names_may_hold_any_bytes_and_be_long() {
    let Some(site) = Site::observed() else { return };
    let strange = name(b"a\nb\xff\xfe \"c\\");
    site.write(strange, "");
    let deep = format!("{}/a", vec!["d".repeat(200); 18].join("/"));
    let seen = site
        .run_c(&format!(
            "open(\"a\\nb\\xff\\xfe \\\"c\\\\\", 0); open(\"{deep}\", 0); open(\"/{}\", 0); open((char *)8, 0); return 0;",
            "x".repeat(5000)
        ))
        .ok();
    assert_eq!(seen.what(strange), "content");
    assert_eq!(seen.what(&deep), format!("absent {}", "d".repeat(200)));
}

#[test]
fn a_path_at_the_end_of_a_page_is_read() {
    let Some(site) = Site::observed() else { return };
    site.write("abc", "");
    let body = "#include <sys/mman.h>\nint main() { char *p = mmap(0, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);\
                munmap(p + 4096, 4096); strcpy(p + 4092, \"abc\"); open(p + 4092, 0); return 0; }";
    let seen = site.run_c(body).ok();
    assert_eq!(seen.what("abc"), "content");
    let body = "#include <sys/mman.h>\nint main() { char *p = mmap(0, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);\
                strcpy(p + 4094, \"abc\"); open(p + 4094, 0); return 0; }";
    assert_eq!(site.run_c(body).ok().what("abc"), "content");
}

#[test]
fn the_kernels_own_files_and_devices_are_no_looks() {
    let Some(site) = Site::observed() else { return };
    let body = "open(\"/proc/self/status\", 0); open(\"/proc/cpuinfo\", 0); open(\"/sys/kernel/mm\", 0); open(\"/dev/null\", 0);\
                open(\"/dev/no-such-device\", 0); mkfifo(\"fifo\", 0600); open(\"fifo\", O_RDWR); return 0;";
    let seen = site.run_c(body).ok();
    let odd = ["/proc", "/sys", "/dev"];
    let found: Vec<_> =
        seen.observed.looks.iter().filter(|look| odd.iter().any(|odd| look.path.starts_with(odd))).collect();
    assert!(found.is_empty(), "{found:?}");
    assert_eq!(seen.what("fifo"), "-");
}

#[test]
fn files_reached_through_proc_self_are_the_callers() {
    let Some(site) = Site::observed() else { return };
    site.write("d/a", "");
    site.write("d/b", "");
    let body = "chdir(\"d\"); open(\"/proc/self/cwd/a\", 0); int d = open(\".\", O_PATH); char b[64];\
                sprintf(b, \"/proc/self/fd/%d/b\", d); open(b, 0); return 0;";
    let seen = site.run_c(body).ok();
    assert_eq!((seen.what("d/a"), seen.what("d/b")), ("content".into(), "content".into()));
}

#[test]
fn io_uring_is_not_there() {
    let Some(site) = Site::observed() else { return };
    let seen = site.run_c("return syscall(SYS_io_uring_setup, 1, 0) == -1 && errno == ENOSYS ? 0 : 1;").ok();
    assert!(seen.status.success());
}

#[test]
fn x32_is_not_there() {
    if cfg!(not(target_arch = "x86_64")) {
        return println!("skipped: no x32");
    }
    let Some(site) = Site::observed() else { return };
    site.write("a", "");
    let seen =
        site.run_c("return syscall(0x40000000 | SYS_open, \"a\", 0) == -1 && errno == ENOSYS ? 0 : 1;");
    assert!(seen.ok().what("a") == "-");
}

#[test]
fn a_thousand_files_are_a_thousand_looks_in_order() {
    let Some(site) = Site::observed() else { return };
    for number in 0..1000 {
        site.write(format!("f{number}"), "");
    }
    let body = "for (int i = 0; i < 2000; i++) { char b[32]; sprintf(b, \"f%d\", i % 1000); close(open(b, 0)); } return 0;";
    let seen = site.run_c(body).ok();
    let expected: Vec<String> = (0..1000).map(|number| format!("f{number}")).collect();
    assert_eq!(seen.names(), expected);
}

#[test]
fn a_change_of_the_mount_namespace_is_a_gap() {
    let Some(site) = Site::observed() else { return };
    let seen = site.run_c(
        "unshare(CLONE_NEWNS); return 0;"
            .replace("unshare", "syscall(SYS_unshare, ")
            .replace("(CLONE", " CLONE")
            .replace("CLONE_NEWNS", "0x20000")
            .as_str(),
    );
    assert_eq!(seen.observed.gaps.len(), 1, "{seen:?}");
}

#[test]
fn a_server_that_is_asked_is_named() {
    let Some(site) = Site::observed() else { return };
    let body = "#include <sys/socket.h>\n#include <sys/un.h>\nint main() { struct sockaddr_un a = {AF_UNIX, \"server\"};\
                connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&a, sizeof a); return 0; }";
    let seen = site.run_c(body).ok();
    assert_eq!(seen.observed.servers[0].address, "server");
}

#[test]
fn looks_of_the_command_itself_do_not_count_if_only_those_of_what_it_starts_are_asked_for() {
    let Some(site) = Site::observed() else { return };
    site.write("a", "");
    site.write("b", "");
    let policy = Policy { whose: Whose::Started, ..Policy::default() };
    let mut shell = std::process::Command::new("/bin/sh");
    shell.arg("-c").arg("read x <b; echo made >c; cat a c; exit 0").current_dir(&site.root);
    let seen = site.run_by(&mut shell, policy).ok();
    assert_eq!((seen.what("a"), seen.what("b")), ("content".into(), "-".into()));
    // What it makes is a product as ever.
    assert_eq!(seen.what("c"), "-");
}
