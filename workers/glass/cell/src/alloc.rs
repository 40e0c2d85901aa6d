//! The allocator of the jailed processes: the C library's, but a refused allocation ends the process with a status of its own.
//!
//! Without it Rust aborts, and the host could not tell a full memory cap from a crash.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};

use airlock_proto::control::MEMORY_STATUS;

/// The system's allocator that never returns null: it exits with [`MEMORY_STATUS`] instead.
pub struct CappedAlloc;

// SAFETY: every call is handed to `System` unchanged, which keeps the contract of `GlobalAlloc`; the only difference is that a
// null result never reaches the caller.
unsafe impl GlobalAlloc for CappedAlloc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `alloc`.
        given(unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        given(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `realloc`.
        given(unsafe { System.realloc(old, layout, new_size) })
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(old, layout) }
    }
}

fn given(pointer: *mut u8) -> *mut u8 {
    if pointer.is_null() {
        // SAFETY: `_exit` takes any status, runs no handler and does not return, so nothing sees the null.
        unsafe { libc::_exit(MEMORY_STATUS) }
    }
    pointer
}
