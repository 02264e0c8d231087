//! Ctrl-C and signals: chains stop at their next draw; stages that cannot stop are left at once; files are finished first.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether somebody asked to stop.
static ASKED: AtomicBool = AtomicBool::new(false);
/// What to say when the program leaves at once; none while it must not.
static LEAVE: Mutex<Option<String>> = Mutex::new(None);

/// Begins to listen.
pub(crate) fn listen() {
    // a handler that is there already (a second fit in one process) does the same
    let _ = ctrlc::set_handler(|| {
        let again = ASKED.swap(true, Ordering::SeqCst);
        // held to the end, so that nothing begins to write meanwhile
        let leave = LEAVE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(message) = leave.as_ref() {
            crate::terminal::last_words(message);
            std::process::exit(130);
        }
        if again {
            std::process::exit(130);
        }
    });
}

/// Whether somebody asked to stop.
pub(crate) fn asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}

/// From now on a signal ends the program at once, with this message; with `None`, it waits until it is asked for.
pub(crate) fn leave_at_once(message: Option<String>) {
    *LEAVE.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = message;
}
