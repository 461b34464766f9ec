//! [`GrpcProto`]: a proto file, and what of it is served.

use std::collections::BTreeMap;

use bytes::Bytes;
use nestrs_core::StartError;
use prost_reflect::{DescriptorPool, ServiceDescriptor};

/// The services of proto files, for handlers to answer: NestJS's `package` and
/// `protoPath`. What is in there is said by an encoded `FileDescriptorSet`,
/// which a build script makes of the files.
///
/// All services are served, unless some are named. A method of these that has
/// no handler is answered with `UNIMPLEMENTED`; a handler of a method that is
/// not among them keeps the server from starting.
///
/// ```
/// use nestrs_transport_grpc::{GrpcMicroserviceOptions, GrpcProto};
///
/// # const DESCRIPTORS: &[u8] = &[];
/// // What the build script has written: `include_bytes!(concat!(env!("OUT_DIR"), "/shop.bin"))`.
/// let shop = GrpcProto::new(DESCRIPTORS).package("shop.orders").service("shop.billing.Bills");
/// let options = GrpcMicroserviceOptions::default().proto(shop);
/// # let _ = options;
/// ```
#[derive(Debug, Clone)]
pub struct GrpcProto {
    pub(super) descriptors: Bytes,
    packages: Vec<String>,
    services: Vec<String>,
}

impl GrpcProto {
    /// The services in an encoded `FileDescriptorSet`.
    pub fn new(file_descriptor_set: impl Into<Bytes>) -> Self {
        Self {
            descriptors: file_descriptor_set.into(),
            packages: Vec::new(),
            services: Vec::new(),
        }
    }

    /// Serves the services of this package, and those of packages within it;
    /// of others only those that are named too.
    #[must_use]
    pub fn package(mut self, package: impl Into<String>) -> Self {
        self.packages.push(package.into());
        self
    }

    /// Serves this service, called as `package.Service`; of others only those
    /// that are named too.
    #[must_use]
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.services.push(service.into());
        self
    }

    fn served(&self) -> Result<Vec<ServiceDescriptor>, StartError> {
        let pool = DescriptorPool::decode(self.descriptors.clone()).map_err(|error| {
            wrong(format!(
                "a `GrpcProto` was not made of an encoded `FileDescriptorSet`: {error}; \
                 give it the bytes that the build script wrote"
            ))
        })?;
        let all: Vec<_> = pool.services().collect();
        let names = || all.iter().map(ServiceDescriptor::full_name);
        if all.is_empty() {
            return Err(wrong(
                "a `GrpcProto` has no service in its files: name the files that have in the build script"
                    .to_owned(),
            ));
        }
        for name in &self.services {
            if !names().any(|known| known == name) {
                return Err(wrong(unknown("service", name, names())));
            }
        }
        for name in &self.packages {
            let mut packages = all.iter().map(ServiceDescriptor::package_name);
            if !packages.any(|package| is_within(package, name)) {
                let packages = all.iter().map(ServiceDescriptor::package_name);
                return Err(wrong(unknown("package", name, packages)));
            }
        }
        let is_served = |service: &ServiceDescriptor| {
            let (package, name) = (service.package_name(), service.full_name());
            self.packages.is_empty() && self.services.is_empty()
                || self
                    .packages
                    .iter()
                    .any(|within| is_within(package, within))
                || self.services.iter().any(|named| named == name)
        };
        Ok(all.iter().filter(|one| is_served(one)).cloned().collect())
    }
}

impl From<&'static [u8]> for GrpcProto {
    fn from(file_descriptor_set: &'static [u8]) -> Self {
        Self::new(file_descriptor_set)
    }
}

impl<const N: usize> From<&'static [u8; N]> for GrpcProto {
    fn from(file_descriptor_set: &'static [u8; N]) -> Self {
        Self::new(&file_descriptor_set[..])
    }
}

/// The services of all `protos`. What is in several of them is served once.
pub(super) fn served(protos: &[GrpcProto]) -> Result<Vec<ServiceDescriptor>, StartError> {
    let mut served = BTreeMap::new();
    for proto in protos {
        for service in proto.served()? {
            served
                .entry(service.full_name().to_owned())
                .or_insert(service);
        }
    }
    Ok(served.into_values().collect())
}

fn is_within(package: &str, outer: &str) -> bool {
    let inner = package.strip_prefix(outer);
    inner.is_some_and(|inner| inner.is_empty() || inner.starts_with('.'))
}

fn unknown<'a>(kind: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    format!(
        "the proto files have no {kind} `{name}`; there are {}: correct the name in `GrpcProto::{kind}`",
        listed(known)
    )
}

/// Names in quotes, each once.
pub(super) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}

pub(super) fn wrong(message: String) -> StartError {
    StartError::Options { message }
}
