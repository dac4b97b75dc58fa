//! The C interface: the functions of `runner.h`, which says what each does and who deletes what.
//!
//! Built by `cargo rustc --release --lib --no-default-features --features c --crate-type cdylib`. It is a feature of this crate and not a
//! crate of its own, so that there is one lock file and one version, and nothing of it is in the command line's binary. Options
//! and answers are JSON ([`input`], [`output`]), so that the header does not change when a field is added.
//!
//! A panic ends here: each function catches it, and says so as an error. (A library that is built with `panic = "abort"` ends the process.)

#![allow(unsafe_code)]
// What may be done with each pointer is said in `runner.h`.
#![allow(clippy::missing_safety_doc)]

mod input;
mod output;

use std::ffi::{CStr, CString, OsStr, c_char, c_int, c_void};
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::ptr;

use serde_json::{Value, json};

use crate::base::cancel::Cancel;
use crate::base::error::{EXIT_FAILED, Error, Result, usage_error};
use crate::engine::program::Program;
use crate::host::run::{Output, Stdin};
use crate::host::runner::Runner;
use crate::host::settings::Settings;
use crate::report::event::Flow;
use crate::request::options::Options;
use crate::script::script_file::Script;

/// The number in the header.
const ABI: u32 = 1;

/// Bytes of C's.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Bytes {
    data: *const c_char,
    size: usize,
}

/// An error for C.
pub(crate) struct Failure {
    exit_code: u8,
    json: CString,
}

/// What C hands back to its listener.
struct User(*mut c_void);

// SAFETY: the header says that a listener is called from any thread.
unsafe impl Send for User {}
// SAFETY: likewise.
unsafe impl Sync for User {}

impl User {
    fn get(&self) -> *mut c_void {
        self.0
    }
}

impl Failure {
    fn new(exit_code: u8, json: &Value) -> *mut Failure {
        // JSON has no zero byte in it.
        let json = CString::new(json.to_string()).unwrap_or_default();
        Box::into_raw(Box::new(Failure { exit_code, json }))
    }
}

/// Does the work of a function: no panic goes on into C.
fn guarded(work: impl FnOnce() -> Result<()>) -> *mut Failure {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(())) => ptr::null_mut(),
        Ok(Err(error)) => Failure::new(error.exit_code(), &output::error(&error)),
        Err(_) => Failure::new(
            EXIT_FAILED,
            &json!({"error": "runner has panicked", "step": "internal", "kind": "failed", "exit_code": EXIT_FAILED}),
        ),
    }
}

fn is_null(what: &str) -> Error {
    usage_error(format!("`{what}` is NULL"))
}

/// A thing that C was given.
unsafe fn borrowed<'a, T>(pointer: *const T, what: &str) -> Result<&'a T> {
    // SAFETY: it is NULL or was given by us, and is not deleted yet.
    unsafe { pointer.as_ref() }.ok_or_else(|| is_null(what))
}

/// A text that ends in a zero byte; `None` if it is NULL.
unsafe fn text<'a>(pointer: *const c_char, what: &str) -> Result<Option<&'a str>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: the header asks for a zero byte.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map(Some).map_err(|_| usage_error(format!("`{what}` is not UTF-8")))
}

unsafe fn needed<'a>(pointer: *const c_char, what: &str) -> Result<&'a str> {
    // SAFETY: as there.
    unsafe { text(pointer, what) }?.ok_or_else(|| is_null(what))
}

impl Bytes {
    unsafe fn get<'a>(self, what: &str) -> Result<&'a [u8]> {
        match (self.data.is_null(), self.size) {
            (true, 0) => Ok(&[]),
            (true, _) => Err(is_null(what)),
            // SAFETY: the header asks for so many bytes.
            (false, size) => Ok(unsafe { std::slice::from_raw_parts(self.data.cast(), size) }),
        }
    }

    unsafe fn path<'a>(self, what: &str) -> Result<&'a Path> {
        // SAFETY: as there.
        Ok(Path::new(OsStr::from_bytes(unsafe { self.get(what) }?)))
    }
}

/// Gives C a thing.
unsafe fn give<T>(out: *mut *mut T, thing: T) -> Result<()> {
    if out.is_null() {
        return Err(is_null("out"));
    }
    // SAFETY: the header asks for a place.
    unsafe { out.write(Box::into_raw(Box::new(thing))) };
    Ok(())
}

unsafe fn give_json(out: *mut *mut c_char, json: &Value) -> Result<()> {
    if out.is_null() {
        return Err(is_null("json"));
    }
    let text = CString::new(json.to_string()).unwrap_or_default();
    // SAFETY: the header asks for a place.
    unsafe { out.write(text.into_raw()) };
    Ok(())
}

unsafe fn delete<T>(pointer: *mut T) {
    if !pointer.is_null() {
        // SAFETY: it was given by us, and is deleted once.
        let thing = unsafe { Box::from_raw(pointer) };
        let _ = catch_unwind(AssertUnwindSafe(|| drop(thing)));
    }
}

unsafe fn options(json: *const c_char, cancel: *const Cancel) -> Result<Options> {
    // SAFETY: as the header has it.
    let (json, cancel) = unsafe { (text(json, "options")?, cancel.as_ref()) };
    Ok(Options { cancel: cancel.cloned(), ..input::options(json)? })
}

/// Changes settings in their place.
unsafe fn change(settings: *mut Settings, change: impl FnOnce(Settings) -> Result<Settings>) -> *mut Failure {
    guarded(|| {
        // SAFETY: it is NULL or was given by us, and one thread uses it.
        let place = unsafe { settings.as_mut() }.ok_or_else(|| is_null("settings"))?;
        *place = change(place.clone())?;
        Ok(())
    })
}

#[unsafe(no_mangle)]
extern "C" fn runner_abi() -> u32 {
    ABI
}

#[unsafe(no_mangle)]
unsafe extern "C" fn runner_settings_new(cache: Bytes) -> *mut Settings {
    // SAFETY: as the header has it.
    let path = unsafe { cache.path("cache") }.unwrap_or(Path::new(""));
    catch_unwind(|| Box::into_raw(Box::new(Settings::new(path)))).unwrap_or(ptr::null_mut())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn runner_settings_variable(
    settings: *mut Settings,
    name: *const c_char,
    value: Bytes,
) -> *mut Failure {
    // SAFETY: as the header has it.
    unsafe {
        change(settings, |settings| {
            let name = needed(name, "name")?;
            let value = (!value.data.is_null()).then(|| value.get("value")).transpose()?;
            Ok(settings.variable(name, value.map(OsStr::from_bytes)))
        })
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn runner_settings_directory(settings: *mut Settings, path: Bytes) -> *mut Failure {
    // SAFETY: as the header has it.
    unsafe { change(settings, |settings| Ok(settings.directory(path.path("path")?))) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn runner_settings_policy(settings: *mut Settings, json: *const c_char) -> *mut Failure {
    // SAFETY: as the header has it.
    unsafe { change(settings, |settings| Ok(settings.policy(input::policy(needed(json, "json")?)?))) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn runner_settings_events(
    settings: *mut Settings,
    listener: Option<extern "C" fn(*mut c_void, *const c_char, usize) -> c_int>,
    user: *mut c_void,
) -> *mut Failure {
    let user = User(user);
    let hear = move |settings: Settings| {
        let listener = listener.ok_or_else(|| is_null("listener"))?;
        Ok(settings.events(move |event, _| {
            let json = output::event(event).to_string();
            match listener(user.get(), json.as_ptr().cast(), json.len()) {
                0 => Flow::Go,
                _ => Flow::Stop,
            }
        }))
    };
    // SAFETY: as the header has it.
    unsafe { change(settings, hear) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn runner_settings_delete(settings: *mut Settings) {
    // SAFETY: as the header has it.
    unsafe { delete(settings) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn runner_new(settings: *const Settings, out: *mut *mut Runner) -> *mut Failure {
    // SAFETY: as the header has it.
    guarded(|| unsafe { give(out, Runner::new(borrowed(settings, "settings")?.clone())) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn runner_delete(runner: *mut Runner) {
    // SAFETY: as the header has it.
    unsafe { delete(runner) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn runner_script_open(
    runner: *const Runner,
    path: Bytes,
    out: *mut *mut Script,
) -> *mut Failure {
    // SAFETY: as the header has it.
    guarded(|| unsafe {
        let settings = borrowed(runner, "runner")?.settings();
        give(out, Script::open(path.path("path")?, &settings)?)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn runner_script_text(
    runner: *const Runner,
    name: Bytes,
    directory: Bytes,
    text: Bytes,
    out: *mut *mut Script,
) -> *mut Failure {
    // SAFETY: as the header has it.
    guarded(|| unsafe {
        borrowed(runner, "runner")?;
        let name = OsStr::from_bytes(name.get("name")?);
        give(out, Script::text(name, directory.path("directory")?, text.get("text")?))
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn runner_script_delete(script: *mut Script) {
    // SAFETY: as the header has it.
    unsafe { delete(script) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn runner_build(
    runner: *const Runner,
    script: *const Script,
    json: *const c_char,
    cancel: *const Cancel,
    out: *mut *mut Program,
) -> *mut Failure {
    // SAFETY: as the header has it.
    guarded(|| unsafe {
        let (runner, script) = (borrowed(runner, "runner")?, borrowed(script, "script")?);
        give(out, runner.build(script, &options(json, cancel)?)?)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn runner_program_delete(program: *mut Program) {
    // SAFETY: as the header has it.
    unsafe { delete(program) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn runner_ask(
    runner: *const Runner,
    script: *const Script,
    what: *const c_char,
    json: *const c_char,
    cancel: *const Cancel,
    out: *mut *mut c_char,
) -> *mut Failure {
    // SAFETY: as the header has it.
    guarded(|| unsafe {
        let (runner, script) = (borrowed(runner, "runner")?, borrowed(script, "script")?);
        let options = options(json, cancel)?;
        give_json(out, &output::answer(runner, script, needed(what, "what")?, &options)?)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn runner_run(
    program: *const Program,
    json: *const c_char,
    streams: *const c_int,
    cancel: *const Cancel,
    out: *mut *mut c_char,
) -> *mut Failure {
    // SAFETY: as the header has it.
    guarded(|| unsafe {
        let program = borrowed(program, "program")?;
        let mut run = input::run(text(json, "run")?)?;
        run.cancel = cancel.as_ref().cloned();
        if !streams.is_null() {
            let streams = std::slice::from_raw_parts(streams, 3);
            let own = |number: c_int| match number {
                ..0 => Ok(None),
                number => BorrowedFd::borrow_raw(number)
                    .try_clone_to_owned()
                    .map(Some)
                    .map_err(|error| usage_error(format!("descriptor {number}: {error}"))),
            };
            if let Some(input) = own(streams[0])? {
                run.stdin = Stdin::From(input);
            }
            for (number, output) in [(streams[1], &mut run.stdout), (streams[2], &mut run.stderr)] {
                if let Some(descriptor) = own(number)? {
                    *output = Output::To(descriptor);
                }
            }
        }
        give_json(out, &output::ran(&program.run(run)?))
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn runner_string_delete(json: *mut c_char) {
    if !json.is_null() {
        // SAFETY: it was given by `give_json`.
        drop(unsafe { CString::from_raw(json) });
    }
}

#[unsafe(no_mangle)]
extern "C" fn runner_cancel_new() -> *mut Cancel {
    Box::into_raw(Box::new(Cancel::new()))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn runner_cancel(cancel: *const Cancel) {
    // SAFETY: it is NULL or was given by us.
    if let Some(cancel) = unsafe { cancel.as_ref() } {
        cancel.cancel();
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn runner_cancel_delete(cancel: *mut Cancel) {
    // SAFETY: as the header has it.
    unsafe { delete(cancel) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn runner_error_exit_code(error: *const Failure) -> c_int {
    // SAFETY: it is NULL or was given by us.
    unsafe { error.as_ref() }.map_or(0, |error| c_int::from(error.exit_code))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn runner_error_json(error: *const Failure) -> *const c_char {
    // SAFETY: it is NULL or was given by us.
    unsafe { error.as_ref() }.map_or(ptr::null(), |error| error.json.as_ptr())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn runner_error_delete(error: *mut Failure) {
    // SAFETY: as the header has it.
    unsafe { delete(error) }
}
