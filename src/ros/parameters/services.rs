//! The six parameter services of every node, and `/parameter_events`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::{Sender, unbounded};
use moto_settings::Kind;
use r2r::rcl_interfaces::msg::{
    FloatingPointRange, IntegerRange, ListParametersResult, Parameter, ParameterDescriptor, ParameterEvent,
    ParameterType, ParameterValue as ValueMsg, SetParametersResult,
};
use r2r::rcl_interfaces::srv::{
    DescribeParameters, GetParameterTypes, GetParameters, ListParameters, SetParameters, SetParametersAtomically,
};
use r2r::{ParameterValue, Publisher, QosProfile, ServiceRequest, WrappedServiceTypeSupport};

use crate::ros::parameters::Parameters;
use crate::ros::rcl::executor::Executor;
use crate::ros::rcl::message_time::message_time;
use crate::ros::{RosError, system_time};

const NOT_SET: u8 = ParameterType::PARAMETER_NOT_SET as u8;
const BOOL: u8 = ParameterType::PARAMETER_BOOL as u8;
const INTEGER: u8 = ParameterType::PARAMETER_INTEGER as u8;
const DOUBLE: u8 = ParameterType::PARAMETER_DOUBLE as u8;
const STRING: u8 = ParameterType::PARAMETER_STRING as u8;
const BYTE_ARRAY: u8 = ParameterType::PARAMETER_BYTE_ARRAY as u8;
const BOOL_ARRAY: u8 = ParameterType::PARAMETER_BOOL_ARRAY as u8;
const INTEGER_ARRAY: u8 = ParameterType::PARAMETER_INTEGER_ARRAY as u8;
const DOUBLE_ARRAY: u8 = ParameterType::PARAMETER_DOUBLE_ARRAY as u8;
const STRING_ARRAY: u8 = ParameterType::PARAMETER_STRING_ARRAY as u8;

/// The parameters, shared by executor and supervisor.
#[derive(Clone)]
pub struct SharedParameters(Arc<Mutex<Parameters>>);

impl SharedParameters {
    /// Makes them shareable.
    pub fn new(parameters: Parameters) -> Self {
        Self(Arc::new(Mutex::new(parameters)))
    }

    /// Locks the parameters for reading or changing.
    pub fn lock(&self) -> MutexGuard<'_, Parameters> {
        // A panic cannot leave the state half-updated, so a poisoned lock is safe to use.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Publishes changes.
#[derive(Clone)]
struct Events {
    publisher: Publisher<ParameterEvent>,
    node: String,
}

impl Events {
    fn tell(&self, new: Vec<Parameter>, changed: Vec<Parameter>) {
        let event = ParameterEvent {
            stamp: message_time(system_time()),
            node: self.node.clone(),
            new_parameters: new,
            changed_parameters: changed,
            deleted_parameters: vec![],
        };
        if let Err(error) = self.publisher.publish(&event) {
            tracing::warn!("a parameter event could not be published: {error}");
        }
    }
}

/// Offers the services. Call it before the executor runs.
///
/// # Errors
/// rcl's error.
pub fn offer_parameters(executor: &mut Executor, parameters: &SharedParameters) -> Result<(), RosError> {
    let publisher = executor.node().create_publisher("/parameter_events", QosProfile::parameter_events())?;
    let events = Events { publisher, node: executor.node().fully_qualified_name()? };
    {
        let parameters = parameters.lock();
        events.tell(parameters.names().map(|name| message(&parameters, name)).collect(), vec![]);
    }
    let worker = Worker::start()?;
    let shared = parameters.clone();
    worker.offer(executor, "get_parameters", move |request: ServiceRequest<GetParameters::Service>| {
        let parameters = shared.lock();
        let values = request.message.names.iter().map(|name| message(&parameters, name).value).collect();
        respond(request, GetParameters::Response { values });
    })?;
    let shared = parameters.clone();
    worker.offer(executor, "get_parameter_types", move |request: ServiceRequest<GetParameterTypes::Service>| {
        let parameters = shared.lock();
        let types = request.message.names.iter().map(|name| message(&parameters, name).value.type_).collect();
        respond(request, GetParameterTypes::Response { types });
    })?;
    let shared = parameters.clone();
    worker.offer(executor, "describe_parameters", move |request: ServiceRequest<DescribeParameters::Service>| {
        let parameters = shared.lock();
        let descriptors = request.message.names.iter().map(|name| descriptor(&parameters, name)).collect();
        respond(request, DescribeParameters::Response { descriptors });
    })?;
    let shared = parameters.clone();
    worker.offer(executor, "list_parameters", move |request: ServiceRequest<ListParameters::Service>| {
        let result = list(&shared.lock(), &request.message.prefixes, request.message.depth);
        respond(request, ListParameters::Response { result });
    })?;
    let (shared, tell) = (parameters.clone(), events.clone());
    worker.offer(executor, "set_parameters", move |request: ServiceRequest<SetParameters::Service>| {
        let one_by_one = request.message.parameters.chunks(1);
        let results = one_by_one.map(|one| set(&mut shared.lock(), one, &tell)).collect();
        respond(request, SetParameters::Response { results });
    })?;
    let shared = parameters.clone();
    let set_all = move |request: ServiceRequest<SetParametersAtomically::Service>| {
        let result = set(&mut shared.lock(), &request.message.parameters, &events);
        respond(request, SetParametersAtomically::Response { result });
    };
    worker.offer(executor, "set_parameters_atomically", set_all)
}

/// The thread that answers requests about parameters, so that checking values does not delay joint
/// states. It ends with the executor.
struct Worker(Sender<Box<dyn FnOnce() + Send>>);

impl Worker {
    fn start() -> Result<Self, RosError> {
        let (jobs, queue) = unbounded::<Box<dyn FnOnce() + Send>>();
        let work = move || queue.iter().for_each(|job| job());
        std::thread::Builder::new().name("parameters".into()).spawn(work).map_err(RosError::Thread)?;
        Ok(Self(jobs))
    }

    /// Offers a service of the node, answered on this thread.
    fn offer<T: WrappedServiceTypeSupport + 'static>(
        &self,
        executor: &mut Executor,
        service: &str,
        answer: impl FnMut(ServiceRequest<T>) + Send + 'static,
    ) -> Result<(), RosError> {
        // Only this thread answers, so nobody waits for the lock.
        let (jobs, answer) = (self.0.clone(), Arc::new(Mutex::new(answer)));
        executor.offer(&format!("~/{service}"), move |request| {
            let answer = answer.clone();
            // After a panic of the thread there is no answer; the client times out.
            let _ = jobs.send(Box::new(move || answer.lock().unwrap_or_else(PoisonError::into_inner)(request)));
        })
    }
}

/// Sends a response. A client that is gone is no error.
pub fn respond<T: WrappedServiceTypeSupport + 'static>(request: ServiceRequest<T>, response: T::Response) {
    if let Err(error) = request.respond(response) {
        tracing::debug!("a client did not get its answer: {error}");
    }
}

fn set(parameters: &mut Parameters, changes: &[Parameter], events: &Events) -> SetParametersResult {
    let changes: Vec<_> = changes.iter().map(|change| (change.name.clone(), from_message(&change.value))).collect();
    match parameters.set(&changes) {
        Ok(different) => {
            if !different.is_empty() {
                events.tell(vec![], different.iter().map(|name| message(parameters, name)).collect());
            }
            SetParametersResult { successful: true, reason: String::new() }
        }
        Err(error) => SetParametersResult { successful: false, reason: error.to_string() },
    }
}

/// Names below `prefixes` (all names if there are none) with fewer than `depth` dots after the
/// prefix; 0 for any depth.
fn list(parameters: &Parameters, prefixes: &[String], depth: u64) -> ListParametersResult {
    let shallow = |rest: &str| depth == 0 || (rest.matches('.').count() as u64) < depth;
    let wanted = |name: &&str| {
        let below = |prefix: &String| {
            let rest = name.strip_prefix(prefix.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix('.').is_some_and(shallow))
        };
        if prefixes.is_empty() { shallow(name) } else { prefixes.iter().any(below) }
    };
    let names: Vec<String> = parameters.names().filter(wanted).map(String::from).collect();
    let mut prefixes: Vec<String> = names.iter().filter_map(|name| Some(name.rsplit_once('.')?.0.into())).collect();
    prefixes.dedup();
    ListParametersResult { names, prefixes }
}

fn descriptor(parameters: &Parameters, name: &str) -> ParameterDescriptor {
    let mut descriptor = ParameterDescriptor { name: name.into(), ..ParameterDescriptor::default() };
    let Some(description) = parameters.describe(name) else { return descriptor };
    descriptor.type_ = kind_type(description.kind);
    let unit = description.unit.map(|unit| format!(" Unit: {unit}.")).unwrap_or_default();
    descriptor.description = description.text + &unit;
    descriptor.read_only = Parameters::is_read_only(name);
    descriptor.dynamic_typing = description.optional;
    descriptor.additional_constraints = description.expected;
    match (description.kind, description.range.low, description.range.high) {
        // ROS ranges have both bounds, inclusive. Other ranges are described in the constraints.
        (Kind::Double, Some(from_value), Some(to_value)) => {
            descriptor.floating_point_range = vec![FloatingPointRange { from_value, to_value, step: 0. }];
        }
        // Bounds of integers are integers.
        (Kind::Integer, Some(low), high) => {
            let to_value = high.map_or(i64::MAX, |high| high as i64);
            descriptor.integer_range = vec![IntegerRange { from_value: low as i64, to_value, step: 1 }];
        }
        _ => {}
    }
    descriptor
}

fn kind_type(kind: Kind) -> u8 {
    match kind {
        Kind::Bool => BOOL,
        Kind::Integer => INTEGER,
        Kind::Double => DOUBLE,
        Kind::Text => STRING,
        Kind::DoubleArray => DOUBLE_ARRAY,
        Kind::TextArray => STRING_ARRAY,
    }
}

/// A parameter as a message. An unknown parameter is "not set".
fn message(parameters: &Parameters, name: &str) -> Parameter {
    let mut value = ValueMsg::default();
    let type_ = match parameters.value(name).unwrap_or(ParameterValue::NotSet) {
        ParameterValue::NotSet => NOT_SET,
        ParameterValue::Bool(x) => {
            value.bool_value = x;
            BOOL
        }
        ParameterValue::Integer(x) => {
            value.integer_value = x;
            INTEGER
        }
        ParameterValue::Double(x) => {
            value.double_value = x;
            DOUBLE
        }
        ParameterValue::String(x) => {
            value.string_value = x;
            STRING
        }
        ParameterValue::ByteArray(x) => {
            value.byte_array_value = x;
            BYTE_ARRAY
        }
        ParameterValue::BoolArray(x) => {
            value.bool_array_value = x;
            BOOL_ARRAY
        }
        ParameterValue::IntegerArray(x) => {
            value.integer_array_value = x;
            INTEGER_ARRAY
        }
        ParameterValue::DoubleArray(x) => {
            value.double_array_value = x;
            DOUBLE_ARRAY
        }
        ParameterValue::StringArray(x) => {
            value.string_array_value = x;
            STRING_ARRAY
        }
    };
    value.type_ = type_;
    Parameter { name: name.into(), value }
}

fn from_message(value: &ValueMsg) -> ParameterValue {
    let value = value.clone();
    match value.type_ {
        BOOL => ParameterValue::Bool(value.bool_value),
        INTEGER => ParameterValue::Integer(value.integer_value),
        DOUBLE => ParameterValue::Double(value.double_value),
        STRING => ParameterValue::String(value.string_value),
        BYTE_ARRAY => ParameterValue::ByteArray(value.byte_array_value),
        BOOL_ARRAY => ParameterValue::BoolArray(value.bool_array_value),
        INTEGER_ARRAY => ParameterValue::IntegerArray(value.integer_array_value),
        DOUBLE_ARRAY => ParameterValue::DoubleArray(value.double_array_value),
        STRING_ARRAY => ParameterValue::StringArray(value.string_array_value),
        _ => ParameterValue::NotSet,
    }
}
