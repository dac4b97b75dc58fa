//! Every kind of program, and every way of starting one.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::process::observe::tests::support::Site;

const LOOKS: &str = "struct stat s; open(\"a\", 0); stat(\"b\", &s); access(\"no\", 0); return 0;";

fn looked(seen: &super::support::Seen) {
    assert_eq!((seen.what("a"), seen.what("b")), ("content".into(), "metadata".into()));
    assert_eq!(seen.what("no"), "absent no");
}

fn site() -> Option<Site> {
    let site = Site::observed()?;
    site.write("a", "");
    site.write("b", "");
    Some(site)
}

#[test]
fn a_static_program_is_observed() {
    let Some(site) = site() else { return };
    if let Some(seen) = site.run_c_with(LOOKS, &["-static"]) {
        looked(&seen.ok());
    }
}

#[test]
fn a_32_bit_program_is_observed() {
    let Some(site) = site() else { return };
    if let Some(seen) = site.run_c_with(LOOKS, &["-m32"]) {
        looked(&seen.ok());
    }
}

/// It needs no library of 32 bits.
#[test]
fn a_32_bit_program_without_a_library_is_observed() {
    let Some(site) = site() else { return };
    let body = "static int call(int n, int a, int b, int c) { int r;\
        __asm__ volatile(\"int $0x80\" : \"=a\"(r) : \"a\"(n), \"b\"(a), \"c\"(b), \"d\"(c) : \"memory\"); return r; }\n\
        void _start(void) { char s[256]; call(5, (int)\"a\", 0, 0); call(195, (int)\"b\", (int)s, 0); call(33, (int)\"no\", 0, 0);\
        int r = call(425, 1, 0, 0); call(1, r == -38 ? 0 : 1, 0, 0); }";
    let flags = ["-m32", "-static", "-nostdlib", "-fno-pic", "-no-pie", "-fno-stack-protector"];
    if let Some(seen) = site.run_c_with(body, &flags) {
        looked(&seen.ok());
    }
}

#[test]
fn threads_are_observed() {
    let Some(site) = Site::observed() else { return };
    for number in 0..400 {
        site.write(format!("f{number}"), "");
    }
    let body = "void *run(void *p) { for (int i = (long)p; i < 400; i += 8) { char b[32]; sprintf(b, \"f%d\", i); close(open(b, 0)); } return 0; }\n\
                int main() { pthread_t t[8]; for (long i = 0; i < 8; i++) pthread_create(t + i, 0, run, (void *)i);\
                for (int i = 0; i < 8; i++) pthread_join(t[i], 0); return 0; }";
    let seen = site.run_c_with(body, &["-pthread"]).unwrap().ok();
    assert_eq!(seen.names().len(), 400);
}

#[test]
fn a_program_started_by_vfork_from_a_thread_is_observed_and_named() {
    let Some(site) = site() else { return };
    let body = "void *run(void *p) { if (!vfork()) { execl(\"/bin/cat\", \"cat\", \"a\", (char *)0); _exit(1); } int s; wait(&s); return 0; }\n\
                int main() { pthread_t t; pthread_create(&t, 0, run, 0); pthread_join(t, 0); open(\"b\", 0); return 0; }";
    let seen = site.run_c_with(body, &["-pthread"]).unwrap().ok();
    assert_eq!((seen.what("a"), seen.who("a")), ("content".into(), "cat".into()));
    assert_eq!((seen.what("b"), seen.who("b")), ("content".into(), "main".into()));
}

#[test]
fn a_thread_that_executes_takes_the_process_and_its_looks_are_the_new_programs() {
    let Some(site) = site() else { return };
    let body = "void *run(void *p) { execl(\"/bin/cat\", \"cat\", \"a\", (char *)0); return 0; }\n\
                int main() { open(\"b\", 0); pthread_t t; pthread_create(&t, 0, run, 0); pthread_join(t, 0); return 1; }";
    let seen = site.run_c_with(body, &["-pthread"]).unwrap().ok();
    assert_eq!((seen.who("a"), seen.who("b")), ("cat".into(), "main".into()));
}

#[test]
fn grandchildren_are_observed() {
    let Some(site) = site() else { return };
    let seen = site.sh("sh -c 'sh -c \"cat a; exit 0\"; exit 0'; exit 0").ok();
    assert_eq!((seen.what("a"), seen.who("a")), ("content".into(), "cat".into()));
}

#[test]
fn the_interpreter_of_a_script_and_its_loader_are_looks() {
    let Some(site) = Site::observed() else { return };
    let script = site.write("tool", "#!./inner -x\n");
    let inner = site.write("inner", "#!/bin/sh\ncat a\n");
    site.write("a", "");
    for path in [&script, &inner] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let seen = site.run(Command::new("./tool").current_dir(&site.root)).ok();
    assert_eq!(
        (seen.what("tool"), seen.what("inner"), seen.what("a")),
        ("content".into(), "content".into(), "content".into())
    );
    let shell = std::fs::canonicalize("/bin/sh").unwrap();
    assert_eq!(seen.what(shell), "content");
    let loaded = seen
        .observed
        .looks
        .iter()
        .any(|look| look.path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ld-")));
    assert!(loaded, "{seen:#?}");
}

#[test]
fn a_command_that_is_searched_for_is_absent_where_it_is_not() {
    let Some(site) = Site::observed() else { return };
    let tool = site.write("q/tool", "#!/bin/sh\n");
    std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
    site.write("p/other", "");
    let search =
        format!("{}:{}:{}", site.path("no").display(), site.path("p").display(), site.path("q").display());
    let seen = site.run(Command::new("tool").env("PATH", search)).ok();
    assert_eq!((seen.what("no/tool"), seen.what("p/tool")), ("absent no".into(), "absent p/tool".into()));
    assert_eq!(seen.what("q/tool"), "content");
    assert_eq!(seen.who("p/tool"), "tool");
}

#[test]
fn a_compiler_is_observed_in_all_its_programs() {
    let Some(site) = Site::observed() else { return };
    site.write("a.c", "#include \"sub/a.h\"\n__asm__(\".section .rodata\\n.incbin \\\"d.bin\\\"\");\nint main(void) { return A; }\n");
    site.write("first/no.h", "");
    site.write("second/sub/a.h", "#define A 0\n");
    site.write("d.bin", "1");
    let mut gcc = Command::new("gcc");
    gcc.args(["-Ifirst", "-Isecond", "a.c", "-o", "out/a"]).current_dir(&site.root);
    std::fs::create_dir(site.path("out")).unwrap();
    let seen = site.run(&mut gcc).ok();
    assert_eq!((seen.what("a.c"), seen.who("a.c")), ("content".into(), "cc1".into()));
    assert_eq!(
        (seen.what("first/sub/a.h"), seen.what("second/sub/a.h")),
        ("absent first/sub".into(), "content".into())
    );
    assert_eq!(seen.what("d.bin"), "content");
    assert!(seen.who("d.bin").ends_with("as"), "{}", seen.who("d.bin"));
    assert!(seen.wrote("out/a"));
    assert!(
        !seen.names().iter().any(|name| name.ends_with(".o") || name.ends_with(".s")),
        "{:?}",
        seen.names()
    );
}
