//! A process on this machine that cannot be mistaken for another one.
//!
//! A pid alone is not a name: after a crash or a reboot the number in a state file may belong to somebody else, and
//! killing by it would hit a stranger. So a process is its pid together with the moment it was born.

use std::io;
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitOptions};
use serde::{Deserialize, Serialize};

pub use rustix::process::Signal;

/// How often a wait looks again.
const POLL: Duration = Duration::from_millis(10);

/// A process that was seen running, as state files remember it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// The process id. Reused by the system once the process is gone.
    pub pid: u32,
    born: String,
}

impl Process {
    /// The process that has this id now, if one is running. A zombie is not running.
    pub fn find(pid: u32) -> Option<Self> {
        born(pid).map(|born| Self { pid, born })
    }

    /// This very process.
    pub fn current() -> io::Result<Self> {
        Self::find(std::process::id()).ok_or_else(|| io::Error::other("this process cannot see itself"))
    }

    /// Whether the process that was seen is still running.
    pub fn is_alive(&self) -> bool {
        Self::find(self.pid).as_ref() == Some(self)
    }

    /// Sends a signal. A process that is already gone is no error.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        if !self.is_alive() {
            return Ok(());
        }
        match rustix::process::kill_process(self.raw_pid()?, signal) {
            Err(rustix::io::Errno::SRCH) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends a signal to the group this process leads: to it and its children.
    pub fn signal_group(&self, signal: Signal) -> io::Result<()> {
        if !self.is_alive() {
            return Ok(());
        }
        match rustix::process::kill_process_group(self.raw_pid()?, signal) {
            Err(rustix::io::Errno::SRCH) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until the process is gone; says whether it is.
    pub fn wait_gone(&self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        loop {
            if !self.is_alive() {
                self.reap();
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(POLL);
        }
    }

    /// Asks the process to end with `signal`, and kills it if it has not ended after `patience`.
    pub fn stop(&self, signal: Signal, patience: Duration) -> io::Result<()> {
        self.signal(signal)?;
        if self.wait_gone(patience) {
            return Ok(());
        }
        self.signal(Signal::KILL)?;
        if self.wait_gone(Duration::from_secs(10)) {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::TimedOut, format!("process {} survived SIGKILL", self.pid)))
    }

    /// Collects the process if it was a child of this one; otherwise it would stay in the process table as a zombie.
    fn reap(&self) {
        if let Ok(pid) = self.raw_pid() {
            // Somebody else's child: theirs to collect.
            let _ = rustix::process::waitpid(Some(pid), WaitOptions::NOHANG);
        }
    }

    fn raw_pid(&self) -> io::Result<Pid> {
        i32::try_from(self.pid)
            .ok()
            .and_then(Pid::from_raw)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("{} is not a process id", self.pid)))
    }
}

/// When a process was born, in words that no later process with the same id can repeat: boot id and clock ticks.
#[cfg(target_os = "linux")]
fn born(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may contain anything, so fields are counted from its last bracket: state is field 3 of
    // proc(5), the start time field 22.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?;
    let started = fields.nth(18)?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    Some(format!("{}/{started}", boot.trim()))
}

/// When a process was born, as `ps` knows it.
#[cfg(not(target_os = "linux"))]
fn born(pid: u32) -> Option<String> {
    let output =
        std::process::Command::new("ps").args(["-o", "stat=,lstart=", "-p", &pid.to_string()]).output().ok()?;
    let line = String::from_utf8_lossy(&output.stdout);
    let (state, started) = line.trim().split_once(char::is_whitespace)?;
    (!state.starts_with('Z')).then(|| started.trim().to_owned())
}

/// The command line of a running process, words joined by spaces; empty if it cannot be seen.
pub(crate) fn command_line(pid: u32) -> String {
    if let Ok(raw) = std::fs::read(format!("/proc/{pid}/cmdline")) {
        return String::from_utf8_lossy(&raw).replace('\0', " ");
    }
    std::process::Command::new("ps")
        .args(["-ww", "-o", "command=", "-p", &pid.to_string()])
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
#[expect(clippy::zombie_processes, reason = "`stop` collects them, which is what is tested")]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_stopped_child_is_gone_and_its_id_is_not_mistaken_for_another() {
        let child = Command::new("sleep").arg("60").spawn().unwrap();
        let process = Process::find(child.id()).unwrap();
        assert!(process.is_alive());
        process.stop(Signal::TERM, Duration::from_secs(5)).unwrap();
        assert!(!process.is_alive());

        // Not the child's own birth: this process may have been born within the same hundredth of a second.
        let stranger = Process { pid: std::process::id(), born: format!("not {}", process.born) };
        assert!(!stranger.is_alive(), "same id, another birth");
        stranger.signal(Signal::KILL).unwrap();
    }

    #[test]
    fn a_process_that_ignores_the_request_is_killed() {
        let child = Command::new("sh").args(["-c", "trap '' TERM; while :; do sleep 0.05; done"]).spawn().unwrap();
        let process = Process::find(child.id()).unwrap();
        std::thread::sleep(Duration::from_millis(100));
        process.stop(Signal::TERM, Duration::from_millis(200)).unwrap();
        assert!(!process.is_alive());
    }
}
