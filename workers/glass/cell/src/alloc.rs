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

/// Keeps what is freed for what is allocated next: a walk takes and frees members of megabytes all the time, and each page that goes
/// back to the kernel comes again by a fault and is cleared. The process ends with its one file, so nothing is kept for long.
pub fn keep_freed() {
    for (parameter, bytes) in [(libc::M_TRIM_THRESHOLD, 512 << 20), (libc::M_MMAP_THRESHOLD, 32 << 20)] {
        // SAFETY: takes two numbers. Refused, the defaults stay, which are only slower.
        unsafe { libc::mallopt(parameter, bytes) };
    }
}

/// Leaves no hole in the heap, so that a process that is forked from here allocates in fresh memory behind it.
///
/// What the rule compiler has freed lies between what it keeps. A child that filled these holes would write to pages that it shares
/// with the zygote, and each first write to one costs a fault, a copy and a flush of the address cache; fresh pages cost less, and
/// lie together. The holes are lost to the zygote, which needs them no more.
pub fn fill_holes() {
    // SAFETY: takes no pointer; merges what is free and gives the end of the heap back.
    unsafe { libc::malloc_trim(0) };
    // SAFETY: an increment of 0 only asks.
    let end = unsafe { libc::sbrk(0) }.addr();
    let small = (1..=SMALL.div_ceil(STEP)).rev().map(|steps| steps.saturating_mul(STEP));
    let large = std::iter::successors(Some(LARGEST_HOLE), |size| Some(size.saturating_mul(3).div_ceil(4)));
    for size in large.take_while(|size| *size > SMALL).chain(small) {
        loop {
            // SAFETY: any size may be asked for.
            let block = unsafe { libc::malloc(size) };
            // What lies behind the old end (or in a mapping of its own) is fresh: no hole of this size is left.
            if block.is_null() || block.addr() >= end {
                // SAFETY: it was allocated a line ago and nobody has it; null is allowed.
                unsafe { libc::free(block) };
                break;
            }
        }
    }
}

/// Larger holes are rare, and are filled piece by piece.
const LARGEST_HOLE: usize = 1 << 20;
/// Up to here the C library keeps lists of single sizes, which lie [`STEP`] apart (`MAX_TCACHE_SIZE`, `MALLOC_ALIGNMENT`).
const SMALL: usize = 1040;
const STEP: usize = 16;
