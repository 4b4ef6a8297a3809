//! From typed values to trees.

use serde::ser::{
    Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple, SerializeTupleStruct,
    Serializer,
};

use super::{FieldError, Tree, Value};

/// Serialiser that makes a tree.
pub struct ToTree;

type Made = Result<Tree, FieldError>;

fn one(name: &str, tree: Tree) -> Tree {
    Value::Map(vec![(name.into(), tree)]).into()
}

fn unsupported(what: &str) -> FieldError {
    FieldError::Form(format!("{what} in a configuration"))
}

/// A list under construction.
pub struct List(Vec<Tree>);

/// A map under construction, and the key of the next value.
pub struct Map(Vec<(String, Tree)>, Option<String>);

impl Serializer for ToTree {
    type Ok = Tree;
    type Error = FieldError;
    type SerializeSeq = List;
    type SerializeTuple = List;
    type SerializeTupleStruct = List;
    type SerializeTupleVariant = Impossible<Tree, FieldError>;
    type SerializeMap = Map;
    type SerializeStruct = Map;
    type SerializeStructVariant = Impossible<Tree, FieldError>;

    fn serialize_bool(self, value: bool) -> Made {
        Ok(Value::Bool(value).into())
    }
    fn serialize_i8(self, value: i8) -> Made {
        self.serialize_i128(value.into())
    }
    fn serialize_i16(self, value: i16) -> Made {
        self.serialize_i128(value.into())
    }
    fn serialize_i32(self, value: i32) -> Made {
        self.serialize_i128(value.into())
    }
    fn serialize_i64(self, value: i64) -> Made {
        self.serialize_i128(value.into())
    }
    fn serialize_i128(self, value: i128) -> Made {
        Ok(Value::Integer(value).into())
    }
    fn serialize_u8(self, value: u8) -> Made {
        self.serialize_i128(value.into())
    }
    fn serialize_u16(self, value: u16) -> Made {
        self.serialize_i128(value.into())
    }
    fn serialize_u32(self, value: u32) -> Made {
        self.serialize_i128(value.into())
    }
    fn serialize_u64(self, value: u64) -> Made {
        self.serialize_i128(value.into())
    }
    fn serialize_f32(self, value: f32) -> Made {
        self.serialize_f64(value.into())
    }
    fn serialize_f64(self, value: f64) -> Made {
        Ok(Value::Double(value).into())
    }
    fn serialize_char(self, value: char) -> Made {
        self.serialize_str(&value.to_string())
    }
    fn serialize_str(self, value: &str) -> Made {
        Ok(Value::Text(value.into()).into())
    }
    fn serialize_bytes(self, _: &[u8]) -> Made {
        Err(unsupported("bytes"))
    }
    fn serialize_none(self) -> Made {
        Ok(Value::Null.into())
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Made {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Made {
        Ok(Value::Null.into())
    }
    fn serialize_unit_struct(self, _: &'static str) -> Made {
        self.serialize_unit()
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Made {
        self.serialize_str(variant)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Made {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Made {
        Ok(one(variant, value.serialize(Self)?))
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<List, FieldError> {
        Ok(List(vec![]))
    }
    fn serialize_tuple(self, _: usize) -> Result<List, FieldError> {
        Ok(List(vec![]))
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<List, FieldError> {
        Ok(List(vec![]))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, FieldError> {
        Err(unsupported("a choice with several values"))
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Map, FieldError> {
        Ok(Map(vec![], None))
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Map, FieldError> {
        Ok(Map(vec![], None))
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, FieldError> {
        Err(unsupported("a choice with named values"))
    }
}

impl SerializeSeq for List {
    type Ok = Tree;
    type Error = FieldError;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), FieldError> {
        self.0.push(value.serialize(ToTree)?);
        Ok(())
    }
    fn end(self) -> Made {
        Ok(Value::List(self.0).into())
    }
}

impl SerializeTuple for List {
    type Ok = Tree;
    type Error = FieldError;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), FieldError> {
        SerializeSeq::serialize_element(self, value)
    }
    fn end(self) -> Made {
        SerializeSeq::end(self)
    }
}

impl SerializeTupleStruct for List {
    type Ok = Tree;
    type Error = FieldError;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), FieldError> {
        SerializeSeq::serialize_element(self, value)
    }
    fn end(self) -> Made {
        SerializeSeq::end(self)
    }
}

impl SerializeMap for Map {
    type Ok = Tree;
    type Error = FieldError;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), FieldError> {
        let Value::Text(key) = key.serialize(ToTree)?.value else { return Err(unsupported("a key that is no text")) };
        self.1 = Some(key);
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), FieldError> {
        let key = self.1.take().unwrap_or_default();
        self.0.push((key, value.serialize(ToTree)?));
        Ok(())
    }
    fn end(self) -> Made {
        Ok(Value::Map(self.0).into())
    }
}

impl SerializeStruct for Map {
    type Ok = Tree;
    type Error = FieldError;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), FieldError> {
        self.0.push((key.into(), value.serialize(ToTree)?));
        Ok(())
    }
    fn end(self) -> Made {
        Ok(Value::Map(self.0).into())
    }
}
