//! gRPC: services of proto files, between peers of different makes.

mod from_nest;
mod proto;
mod services;
