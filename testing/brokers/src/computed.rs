use std::{fs, io, time::Duration};

/// Linux counts in hundredths of a second whatever its configuration.
const TICK: Duration = Duration::from_millis(10);

/// The processor time that this process has used, for tests of what it costs to wait. Such a test is alone in its process.
///
/// # Errors
///
/// Where `/proc` is not there, or not as on Linux.
pub fn computed() -> io::Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name may have blanks and brackets in it.
    let behind_name = stat.rsplit(") ").next().unwrap_or_default();
    let times = behind_name.split(' ').skip(11).take(2);
    let ticks: Vec<u32> = times.filter_map(|ticks| ticks.parse().ok()).collect();
    match ticks[..] {
        [user, system] => Ok(TICK * (user + system)),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}
