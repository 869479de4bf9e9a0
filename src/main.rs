//! Hands argv to the library: no Rust runtime in between, so that signals and descriptors reach
//! the real program exactly as they came.
#![no_main]
#![expect(unsafe_code, reason = "main is C's")]

/// # Safety
/// Called by the C runtime with its own argument vector.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn main(argc: libc::c_int, argv: *const *const libc::c_char) -> libc::c_int {
    // SAFETY: by this function's contract.
    unsafe { agentguard::main(argc, argv) }
}
