//! The instances in a map by their type: what a container without modules and checks comes to.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;

/// With whatever hash function.
pub struct Map<S>(HashMap<TypeId, Arc<dyn Any + Send + Sync>, S>);

impl<S: BuildHasher + Default> Map<S> {
    pub fn new() -> Self {
        Self(HashMap::default())
    }

    #[inline]
    pub fn get<T: Send + Sync + 'static>(&self) -> Arc<T> {
        let instance = self.0.get(&TypeId::of::<T>()).expect("it is provided");
        Arc::clone(instance)
            .downcast()
            .expect("it is under its type")
    }

    pub fn insert<T: Send + Sync + 'static>(&mut self, instance: T) {
        self.0.insert(TypeId::of::<T>(), Arc::new(instance));
    }
}

macro_rules! mapped {
    (modules { $($module:ident imports [$($import:ident [$($used:ident)*])*] exports [$($export:ident)*] providers {
        $($provider:ident [$($field:ident $dependency:ident)*])*
    })* } unused [$($unused:ident)*]) => {
        #[allow(non_snake_case)]
        mod insert {
            use super::Map;
            $(
                pub fn $module<S: std::hash::BuildHasher + Default>(map: &mut Map<S>) {
                    $(map.insert(super::$provider { $($field: map.get()),* });)*
                }
            )*
        }

        pub fn mapped<S: std::hash::BuildHasher + Default>() -> Map<S> {
            let mut map = Map::new();
            $(insert::$module(&mut map);)*
            map
        }

        #[allow(dead_code)]
        pub fn resolve_each<S: std::hash::BuildHasher + Default>(map: &Map<S>) {
            $($(std::hint::black_box(map.get::<$provider>());)*)*
        }
    };
}
