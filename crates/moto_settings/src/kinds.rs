//! Kinds, each with its own settings, such as the tasks in `task: {table_tennis: {...}}`.
//!
//! A [`Registry`] lists the kinds, one per line. A [`Choice`] is a kind with its settings, defaults
//! included.

use std::marker::PhantomData;
use std::sync::{PoisonError, RwLock};

use schemars::{JsonSchema, Schema as Json, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{FieldError, Joints, Schema, Tree, Value};

/// One kind. `M` makes a value of the kind from its settings, which [`Tree::into_typed`] turns into
/// their type.
#[derive(Clone, Copy, Debug)]
pub struct Entry<M> {
    /// Name of the kind in configurations.
    pub name: &'static str,
    /// Makes a value of this kind.
    pub make: M,
    schema: fn(&mut SchemaGenerator) -> Json,
    resolve: fn(Tree) -> Result<Tree, FieldError>,
}

impl<M> Entry<M> {
    /// A kind with settings of type `S`.
    pub const fn of<S: Serialize + DeserializeOwned + JsonSchema>(name: &'static str, make: M) -> Self {
        Self { name, make, schema: schema::<S>, resolve: resolve::<S> }
    }
}

fn schema<S: JsonSchema>(generator: &mut SchemaGenerator) -> Json {
    generator.subschema_for::<S>()
}

fn resolve<S: Serialize + DeserializeOwned>(tree: Tree) -> Result<Tree, FieldError> {
    Tree::of(&tree.into_typed::<S>()?)
}

/// The registered kinds: the kinds shipped with a program, and the kinds that a program built on it
/// adds.
#[derive(Debug)]
pub struct Entries<M: 'static> {
    shipped: &'static [Entry<M>],
    added: RwLock<Vec<Entry<M>>>,
}

impl<M: Copy> Entries<M> {
    /// Makes a list of the kinds that a program ships.
    pub const fn new(shipped: &'static [Entry<M>]) -> Self {
        Self { shipped, added: RwLock::new(Vec::new()) }
    }

    /// Adds a kind. Call it before any configuration is read.
    pub fn add(&self, kind: Entry<M>) {
        self.added.write().unwrap_or_else(PoisonError::into_inner).push(kind);
    }

    /// All registered kinds.
    pub fn all(&self) -> Vec<Entry<M>> {
        let added = self.added.read().unwrap_or_else(PoisonError::into_inner);
        self.shipped.iter().chain(&*added).copied().collect()
    }

    fn find(&self, name: &str) -> Option<Entry<M>> {
        self.all().into_iter().find(|kind| kind.name == name)
    }
}

/// The registry behind a choice.
pub trait Registry: 'static {
    /// Type of the function that makes a value of a kind.
    type Make: Copy + Send + Sync + 'static;

    /// Name of the choice, e.g. `task`.
    const WHAT: &'static str;

    /// The kinds.
    fn entries() -> &'static Entries<Self::Make>;
}

/// A kind with its settings.
#[derive(Debug)]
pub struct Choice<R> {
    name: String,
    settings: Tree,
    registry: PhantomData<fn() -> R>,
}

impl<R: Registry> Choice<R> {
    /// Chooses the kind of this name with these settings.
    ///
    /// # Errors
    /// Settings that no configuration can hold.
    pub fn new(name: &str, settings: &impl Serialize) -> Result<Self, FieldError> {
        Ok(Self { name: name.into(), settings: Tree::of(settings)?, registry: PhantomData })
    }

    /// Name of the kind.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The settings.
    pub fn settings(&self) -> &Tree {
        &self.settings
    }

    /// The typed settings, if `name` is the chosen kind; `None` otherwise.
    pub fn typed<S: DeserializeOwned>(&self, name: &str) -> Option<S> {
        if self.name == name { self.settings.clone().into_typed().ok() } else { None }
    }

    /// Changes the settings, which must be those of `S`.
    ///
    /// # Errors
    /// Settings of another type, or changed settings that no configuration can hold.
    pub fn change<S: Serialize + DeserializeOwned>(&mut self, change: impl FnOnce(&mut S)) -> Result<(), FieldError> {
        let mut settings = self.settings.clone().into_typed()?;
        change(&mut settings);
        self.settings = Tree::of(&settings)?;
        Ok(())
    }

    /// Checks and sets one setting by its name.
    ///
    /// # Errors
    /// A setting that the kind does not have, or a value that is refused.
    pub fn set(&mut self, field: &str, value: Value) -> Result<(), FieldError> {
        let mut whole = Tree::of(self)?;
        whole.insert(&format!("{}.{field}", self.name), value.into());
        let checked = Schema::of::<Self>().check(&mut whole, Joints::Unknown);
        checked.map_err(|refusal| refusal.error.within(R::WHAT))?;
        *self = whole.into_typed()?;
        Ok(())
    }

    /// The registered kind.
    ///
    /// # Errors
    /// A name that is not registered.
    pub fn kind(&self) -> Result<Entry<R::Make>, FieldError> {
        R::entries().find(&self.name).ok_or_else(|| unknown::<R>(&self.name))
    }
}

fn unknown<R: Registry>(name: &str) -> FieldError {
    let known: Vec<_> = R::entries().all().iter().map(|kind| kind.name).collect();
    FieldError::Unknown { field: format!("{}.{name}", R::WHAT), hint: format!("there are {}", known.join(", ")) }
}

impl<R> Clone for Choice<R> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), settings: self.settings.clone(), registry: PhantomData }
    }
}

impl<R> PartialEq for Choice<R> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.settings == other.settings
    }
}

impl<R> Serialize for Choice<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Tree::from(Value::Map(vec![(self.name.clone(), self.settings.clone())])).serialize(serializer)
    }
}

impl<'de, R: Registry> Deserialize<'de> for Choice<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let one = |what: &str| {
            D::Error::custom(format!("{what} where one kind of {} with its settings is expected", R::WHAT))
        };
        let Value::Map(fields) = Tree::deserialize(deserializer)?.value else { return Err(one("a value")) };
        let Ok([(name, settings)]) = <[_; 1]>::try_from(fields) else { return Err(one("several kinds")) };
        let kind = R::entries().find(&name).ok_or_else(|| D::Error::custom(unknown::<R>(&name)))?;
        let settings = (kind.resolve)(settings).map_err(D::Error::custom)?;
        Ok(Self { name, settings, registry: PhantomData })
    }
}

impl<R: Registry> JsonSchema for Choice<R> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        R::WHAT.into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Json {
        let alternative = |kind: Entry<R::Make>, generator: &mut SchemaGenerator| {
            let settings = (kind.schema)(generator);
            json_schema!({
                "type": "object",
                "properties": { (kind.name): settings },
                "required": [kind.name],
                "additionalProperties": false,
            })
        };
        let kinds = R::entries().all();
        let alternatives: Vec<_> = kinds.into_iter().map(|kind| alternative(kind, generator)).collect();
        json_schema!({ "oneOf": alternatives })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields, default)]
    struct Circle {
        /// Radius.
        #[schemars(extend("exclusiveMinimum" = 0, "x-unit" = "m"))]
        radius: f64,
    }

    impl Default for Circle {
        fn default() -> Self {
            Self { radius: 1. }
        }
    }

    #[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields, default)]
    struct Square {
        /// Length of a side.
        side: f64,
    }

    type Area = fn(&Tree) -> Result<f64, FieldError>;

    fn circle(settings: &Tree) -> Result<f64, FieldError> {
        Ok(settings.clone().into_typed::<Circle>()?.radius.powi(2) * std::f64::consts::PI)
    }

    fn square(settings: &Tree) -> Result<f64, FieldError> {
        Ok(settings.clone().into_typed::<Square>()?.side.powi(2))
    }

    static SHAPES: Entries<Area> = Entries::new(&[Entry::of::<Circle>("circle", circle)]);

    #[derive(Debug)]
    struct Shapes;

    impl Registry for Shapes {
        type Make = Area;
        const WHAT: &'static str = "shape";
        fn entries() -> &'static Entries<Area> {
            &SHAPES
        }
    }

    fn read(json: &str) -> Result<Choice<Shapes>, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn a_kind_is_read_by_its_name_with_its_defaults_and_can_be_added() {
        let found = read(r#"{"circle": {}}"#).unwrap();
        assert_eq!((found.name(), found.typed::<Circle>("circle").unwrap().radius), ("circle", 1.));
        assert_eq!(found, Choice::new("circle", &Circle::default()).unwrap());
        assert_eq!(serde_json::to_string(&found).unwrap(), r#"{"circle":{"radius":1.0}}"#);
        assert!((found.kind().unwrap().make)(found.settings()).unwrap() > 3.);
        let said = read(r#"{"square": {}}"#).unwrap_err().to_string();
        assert!(said.contains("there is no field shape.square; there are circle"), "{said}");
        SHAPES.add(Entry::of::<Square>("square", square));
        let added = read(r#"{"square": {"side": 3}}"#).unwrap();
        assert_eq!((added.kind().unwrap().make)(added.settings()).unwrap(), 9.);
    }

    #[test]
    fn the_settings_of_a_kind_are_checked_by_their_own_fields() {
        let schema = Schema::of::<Choice<Shapes>>();
        let refused = |json: &str| {
            let mut tree: Tree = serde_json::from_str(json).unwrap();
            schema.check(&mut tree, crate::Joints::Unknown).unwrap_err().error.to_string()
        };
        assert_eq!(refused(r#"{"circle": {"radius": -1}}"#), "circle.radius is -1, expected above 0 m");
        assert!(refused(r#"{"circle": {"radios": 1}}"#).contains("did you mean circle.radius?"));
        let expected = "there is no field radius; put it under circle: circle.radius";
        assert_eq!(refused(r#"{"radius": 1}"#), expected);
        // Another test may have added a kind already.
        assert!(refused("{}").contains("expected circle"), "{}", refused("{}"));
    }
}
