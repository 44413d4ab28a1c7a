//! Scheduling of threads.

/// Makes this thread wait for its turn when it is woken, instead of preempting the running one: its
/// waker is about to leave more work. On Linux this sets `SCHED_BATCH` (sched(7)); elsewhere it
/// does nothing. If the system does not allow it, or if the server runs with another priority than
/// the default, the thread is unchanged.
#[cfg(target_os = "linux")]
pub(crate) fn wait_for_turn() {
    use thread_priority::{
        NormalThreadSchedulePolicy::Batch, ThreadPriority, ThreadPriorityValue,
        ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
    };

    /// Nice 0 on that crate's scale, as the test below checks.
    const USUAL: u8 = 48;

    // The crate cannot set the policy alone.
    if rustix::process::getpriority_process(None) != Ok(0) {
        return;
    }
    let Ok(usual) = ThreadPriorityValue::try_from(USUAL) else { return };
    let set = set_thread_priority_and_policy(
        thread_native_id(),
        ThreadPriority::Crossplatform(usual),
        ThreadSchedulePolicy::Normal(Batch),
    );
    if let Err(error) = set {
        log::debug!("a reader thread keeps the default scheduling policy: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn wait_for_turn() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_policy_changes_and_the_priority_does_not() {
        // Field 19 of proc_pid_stat(5) is the priority, 41 the policy.
        let read = || {
            let stat = std::fs::read_to_string("/proc/thread-self/stat").expect("Linux has it");
            let (_, fields) = stat.rsplit_once(')').expect("a name in brackets");
            let fields: Vec<&str> = fields.split_whitespace().collect();
            [fields[19 - 3], fields[41 - 3]].map(str::to_owned)
        };
        std::thread::spawn(move || {
            let [usual, _] = read();
            wait_for_turn();
            let [priority, policy] = read();
            assert_eq!(priority, usual);
            assert_eq!(policy, if usual == "0" { "3" } else { "0" });
        })
        .join()
        .expect("no panic");
    }
}
