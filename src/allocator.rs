//! Access to the global allocator.

/// Gives freed memory of this thread back to the system at once.
///
/// A burst of handshakes leaves the buffers of HTTP behind, sixteen kilobytes each; the allocator
/// would keep them for the next allocation, which on an idle hub may never come.
pub fn release_free_memory() {
    // SAFETY: `mi_collect` takes no pointer and may be called at any time from any thread.
    #[expect(unsafe_code, reason = "the allocator has no safe interface for this")]
    unsafe {
        libmimalloc_sys::mi_collect(true);
    }
}
