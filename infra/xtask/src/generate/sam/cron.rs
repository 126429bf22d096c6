//! A job's schedule as EventBridge wants it: six fields, one of the two days a `?`, Sunday 1 instead of 0.

use anyhow::{Result, bail, ensure};

/// Names of the days as EventBridge and cron both know them, Sunday first.
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// `cron(…)` for five fields of cron in UTC.
///
/// # Errors
/// When there are not five fields; when both days are given, which cron means as "either" and EventBridge cannot say; or
/// for what EventBridge would read otherwise than cron does.
pub(super) fn expression(schedule: &str) -> Result<String> {
    let fields: Vec<_> = schedule.split_ascii_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields[..] else {
        bail!("`{schedule}` has {} fields, not five", fields.len());
    };
    for field in [minute, hour, day, month, weekday] {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "*,-/".contains(c);
        ensure!(!field.is_empty() && field.chars().all(is_plain), "`{schedule}`: what is `{field}`?");
    }
    // A step of the whole range begins at its lowest value in both; cron's days begin at 1 as well.
    let (day, weekday) = match (day, weekday) {
        (_, "*") => (day.to_owned(), "?".to_owned()),
        ("*", _) => ("?".to_owned(), days_of_week(schedule, weekday)?),
        _ => bail!("`{schedule}` names days of the month and of the week: cron runs on either, EventBridge cannot"),
    };
    Ok(format!("cron({minute} {hour} {day} {month} {weekday} *)"))
}

/// Whether it runs every day, at least once.
pub(super) fn is_daily(schedule: &str) -> bool {
    schedule.split_ascii_whitespace().skip(2).all(|field| field == "*")
}

/// Names instead of numbers, for cron counts from 0 and EventBridge from 1.
fn days_of_week(schedule: &str, field: &str) -> Result<String> {
    ensure!(
        !field.contains('/'),
        "`{schedule}`: steps of days of the week are not the same in EventBridge; name the days"
    );
    let lists: Result<Vec<_>> = field
        .split(',')
        .map(|range| {
            let ends: Result<Vec<_>> = range.split('-').map(|day| day_of_week(schedule, day)).collect();
            let ends = ends?;
            ensure!(ends.len() <= 2, "`{schedule}`: what is `{range}`?");
            // 5-7 in cron: Friday to Sunday, which is EventBridge's first day.
            ensure!(
                ends.len() == 1 || ends[0] <= ends[1],
                "`{schedule}`: EventBridge's week begins on Sunday; name the days of `{range}`"
            );
            Ok(ends.iter().map(|day| DAYS[*day]).collect::<Vec<_>>().join("-"))
        })
        .collect();
    Ok(lists?.join(","))
}

/// 0 for Sunday to 6.
fn day_of_week(schedule: &str, day: &str) -> Result<usize> {
    if let Some(day) = DAYS.iter().position(|name| name.eq_ignore_ascii_case(day)) {
        return Ok(day);
    }
    match day.parse::<usize>() {
        Ok(number) if number <= 7 => Ok(number % 7),
        _ => bail!("`{schedule}`: what day of the week is `{day}`?"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_fields_become_six() {
        let rows = [
            ("15 2 * * *", "cron(15 2 * * ? *)"),
            ("*/10 * * * *", "cron(*/10 * * * ? *)"),
            ("0 4 1 * *", "cron(0 4 1 * ? *)"),
            ("0 4 1,15 */3 *", "cron(0 4 1,15 */3 ? *)"),
            ("30 5 * * 0", "cron(30 5 ? * SUN *)"),
            ("30 5 * * 7", "cron(30 5 ? * SUN *)"),
            ("30 5 * * 1-5", "cron(30 5 ? * MON-FRI *)"),
            ("30 5 * 6 mon,4,6", "cron(30 5 ? 6 MON,THU,SAT *)"),
        ];
        for (schedule, expected) in rows {
            assert_eq!(expression(schedule).unwrap(), expected, "{schedule}");
        }
    }

    #[test]
    fn what_eventbridge_would_misread_is_refused() {
        let rows = [
            ("15 2 * *", "4 fields"),
            ("0 15 2 * * *", "6 fields"),
            ("15 2 1 * 1", "either"),
            ("15 2 * * */2", "steps"),
            ("15 2 * * 5-7", "begins on Sunday"),
            ("15 2 * * 8", "what day"),
            ("15 2 ? * *", "what is"),
        ];
        for (schedule, complaint) in rows {
            let error = expression(schedule).unwrap_err().to_string();
            assert!(error.contains(complaint), "{schedule}: {error}");
        }
    }

    #[test]
    fn daily_is_every_day_of_every_month() {
        let daily = ["15 2 * * *", "*/10 * * * *", "50 * * * *"];
        let not = ["15 2 1 * *", "15 2 * 6 *", "15 2 * * 1"];
        assert!(daily.into_iter().all(is_daily) && !not.into_iter().any(is_daily));
    }
}
