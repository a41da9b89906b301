//! The zegel command.
fn main() {}
