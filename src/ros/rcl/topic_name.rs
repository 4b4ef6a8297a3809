//! The name of a topic in the graph. r2r looks topics up by this name only, and does not tell it.

use std::ffi::{CStr, CString, c_char};
use std::ptr;

use r2r_rcl::{
    RCL_RET_OK, rcl_allocator_t, rcl_arguments_fini, rcl_arguments_t, rcl_get_zero_initialized_arguments,
    rcl_parse_arguments, rcl_ret_t, rcutils_get_default_allocator, rcutils_get_zero_initialized_string_map,
    rcutils_string_map_fini, rcutils_string_map_init, rcutils_string_map_t,
};

use crate::ros::RosError;

// r2r_rcl binds rcl/rcl.h, which leaves these functions out. They are the same in every ROS 2 since
// Foxy.
unsafe extern "C" {
    /// rcl/expand_topic_name.h
    fn rcl_get_default_topic_name_substitutions(substitutions: *mut rcutils_string_map_t) -> rcl_ret_t;

    /// rcl/expand_topic_name.h
    fn rcl_expand_topic_name(
        name: *const c_char,
        node: *const c_char,
        namespace: *const c_char,
        substitutions: *const rcutils_string_map_t,
        allocator: rcl_allocator_t,
        output: *mut *mut c_char,
    ) -> rcl_ret_t;

    /// rcl/remap.h
    fn rcl_remap_topic_name(
        local: *const rcl_arguments_t,
        global: *const rcl_arguments_t,
        name: *const c_char,
        node: *const c_char,
        namespace: *const c_char,
        allocator: rcl_allocator_t,
        output: *mut *mut c_char,
    ) -> rcl_ret_t;
}

/// The topic `name` of `node`, expanded and remapped by the process's command line, as rcl does for
/// publishers and subscriptions.
///
/// # Errors
/// A name that is not a topic name.
pub fn topic_name(node: &r2r::Node, name: &str) -> Result<String, RosError> {
    let arguments: Vec<_> = std::env::args().collect();
    resolve(name, &node.name()?, &node.namespace()?, &arguments)
}

fn resolve(name: &str, node: &str, namespace: &str, arguments: &[String]) -> Result<String, RosError> {
    let refused = || RosError::TopicName { name: name.into() };
    let text = |text: &str| CString::new(text).map_err(|_| refused());
    let (topic, node, namespace) = (text(name)?, text(node)?, text(namespace)?);
    let arguments = arguments.iter().map(|argument| text(argument)).collect::<Result<Vec<_>, _>>()?;
    let arguments: Vec<*const c_char> = arguments.iter().map(|argument| argument.as_ptr()).collect();
    let count = i32::try_from(arguments.len()).map_err(|_| refused())?;
    // SAFETY: every pointer is to a local that outlives the call. The locals are C strings, and
    // structures of rcl that are initialised as rcl requires before their use, and finished exactly
    // once on every path. rcl copies what it keeps.
    let resolved = unsafe {
        let allocator = rcutils_get_default_allocator();
        let mut parsed = rcl_get_zero_initialized_arguments();
        let mut substitutions = rcutils_get_zero_initialized_string_map();
        let ready = rcl_parse_arguments(count, arguments.as_ptr(), allocator, &mut parsed) == OK
            && rcutils_string_map_init(&mut substitutions, 0, allocator) == OK
            && rcl_get_default_topic_name_substitutions(&mut substitutions) == OK;
        let mut expanded = ptr::null_mut();
        let mut remapped = ptr::null_mut();
        let (topic, node, namespace) = (topic.as_ptr(), node.as_ptr(), namespace.as_ptr());
        let done = ready
            && rcl_expand_topic_name(topic, node, namespace, &substitutions, allocator, &mut expanded) == OK
            && rcl_remap_topic_name(ptr::null(), &parsed, expanded, node, namespace, allocator, &mut remapped) == OK;
        let (expanded, remapped) = (take(expanded, &allocator), take(remapped, &allocator));
        // Both functions ignore a structure that was not initialised. Their errors have no remedy.
        let _ = rcutils_string_map_fini(&mut substitutions);
        let _ = rcl_arguments_fini(&mut parsed);
        remapped.or(expanded).filter(|_| done)
    };
    resolved.ok_or_else(refused)
}

const OK: i32 = RCL_RET_OK as i32;

/// Takes over a string that rcl allocated.
///
/// # Safety
/// `text` is null, or a C string that `allocator` allocated and nobody else uses any more.
unsafe fn take(text: *mut c_char, allocator: &rcl_allocator_t) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: `text` is a C string by the contract of this function.
    let owned = unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned();
    if let Some(deallocate) = allocator.deallocate {
        // SAFETY: `allocator` allocated `text`, and `text` is not used after this.
        unsafe { deallocate(text.cast(), allocator.state) };
    }
    Some(owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_expanded_and_remapped_as_rcl_does() {
        let line = "run --ros-args -r joint_states:=/arm/states -r ~/ball:=ball -r other:x:=y -p a:=1";
        let arguments: Vec<String> = line.split(' ').map(Into::into).collect();
        let name = |topic| resolve(topic, "moto_controller", "/left", &arguments).unwrap();
        assert_eq!(name("joint_states"), "/arm/states");
        assert_eq!(name("~/ball"), "/left/ball");
        assert_eq!(name("effort_controller/commands"), "/left/effort_controller/commands");
        assert_eq!((name("x").as_str(), name("/clock").as_str()), ("/left/x", "/clock"));
        let refused = resolve("7 efforts", "moto_controller", "/", &arguments).unwrap_err().to_string();
        assert_eq!(refused, "7 efforts is not the name of a topic");
    }
}
