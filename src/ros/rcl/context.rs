//! The ROS context and its arguments.

use std::ffi::OsString;
use std::panic;

use crate::ros::RosError;

/// The process's ROS context, made from its command line.
///
/// # Errors
/// If the arguments after `--ros-args` are malformed, or the middleware does not start.
pub fn context() -> Result<r2r::Context, RosError> {
    // r2r panics with rcl's message if rcl refuses the arguments. The message becomes the error;
    // the panic's report is suppressed.
    let report = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let made = panic::catch_unwind(r2r::Context::create);
    panic::set_hook(report);
    match made {
        Ok(context) => Ok(context?),
        Err(payload) => {
            let text = payload.downcast_ref::<String>().cloned();
            let text = text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).into()));
            Err(RosError::Context { reason: text.unwrap_or_else(|| "rcl does not say why".into()) })
        }
    }
}

/// The arguments without those between `--ros-args` and `--`, which rcl reads.
pub fn without_ros_arguments(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut own = true;
    let mut kept = vec![];
    for argument in arguments {
        match argument.to_str() {
            Some("--ros-args") => own = false,
            Some("--") if !own => own = true,
            _ if own => kept.push(argument),
            _ => {}
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ros_arguments_are_left_to_rcl() {
        let arguments = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        let kept = without_ros_arguments(arguments("run --ros-args -p a:=1 -- --config x --ros-args -r b:=c"));
        assert_eq!(kept, arguments("run --config x"));
    }
}
