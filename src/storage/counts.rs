//! The largest whole number in a value. Matrices are stored as entries, rows and columns, and their reader multiplies the last
//! two without a check: with both below 2^32 the product cannot wrap around to the number of entries.

use std::fmt::Display;

use serde::ser::{self, Serialize, Serializer};

/// The largest unsigned number that `value` serialises, or `None` if it has no serialised form.
pub fn largest_count(value: &impl Serialize) -> Option<u64> {
    let mut largest = Largest(0);
    value.serialize(&mut largest).ok().map(|()| largest.0)
}

struct Largest(u64);

/// The value has no serialised form.
#[derive(Debug, thiserror::Error)]
#[error("not serialisable")]
struct Unserialisable;

impl ser::Error for Unserialisable {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

/// Values that are no counts.
macro_rules! ignore {
    ($($name:ident($kind:ty)),*) => { $(fn $name(self, _: $kind) -> Result<(), Unserialisable> { Ok(()) })* };
}

/// Values with other values inside.
macro_rules! compound {
    ($($part:ident::$method:ident),*) => {
        $(impl ser::$part for &mut Largest {
            type Ok = ();
            type Error = Unserialisable;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unserialisable> {
                value.serialize(&mut **self)
            }
            fn end(self) -> Result<(), Unserialisable> { Ok(()) }
        })*
    };
}

/// The same with field names.
macro_rules! named {
    ($($part:ident),*) => {
        $(impl ser::$part for &mut Largest {
            type Ok = ();
            type Error = Unserialisable;
            fn serialize_field<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> Result<(), Unserialisable> {
                value.serialize(&mut **self)
            }
            fn end(self) -> Result<(), Unserialisable> { Ok(()) }
        })*
    };
}

compound!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);
named!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for &mut Largest {
    type Ok = ();
    type Error = Unserialisable;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unserialisable> {
        key.serialize(&mut **self)
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unserialisable> {
        value.serialize(&mut **self)
    }
    fn end(self) -> Result<(), Unserialisable> {
        Ok(())
    }
}

impl Serializer for &mut Largest {
    type Ok = ();
    type Error = Unserialisable;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    ignore!(
        serialize_bool(bool),
        serialize_i8(i8),
        serialize_i16(i16),
        serialize_i32(i32),
        serialize_i64(i64),
        serialize_u8(u8),
        serialize_u16(u16),
        serialize_u32(u32),
        serialize_f32(f32),
        serialize_f64(f64),
        serialize_char(char),
        serialize_str(&str),
        serialize_bytes(&[u8]),
        serialize_unit_struct(&'static str)
    );

    fn serialize_u64(self, value: u64) -> Result<(), Unserialisable> {
        self.0 = self.0.max(value);
        Ok(())
    }

    fn serialize_unit(self) -> Result<(), Unserialisable> {
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Unserialisable> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unserialisable> {
        value.serialize(self)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), Unserialisable> {
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Unserialisable> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Unserialisable> {
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Unserialisable> {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Unserialisable> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Unserialisable> {
        Ok(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Unserialisable> {
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Unserialisable> {
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Unserialisable> {
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Unserialisable> {
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::DMatrix;
    use std::collections::BTreeMap;

    #[test]
    fn finds_counts_wherever_they_are_and_takes_nothing_else_for_one() {
        assert_eq!(largest_count(&DMatrix::from_element(3, 70, 1e30)), Some(70));
        let nested = BTreeMap::from([("a", vec![(Some(7_u64), -8_i64)]), ("b", vec![(None, 1 << 40)])]);
        assert_eq!(largest_count(&nested), Some(7));
        assert_eq!(largest_count(&u64::MAX), Some(u64::MAX));
    }
}
