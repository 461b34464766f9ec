use nestrs::prelude::*;
use nestrs::microservices::{ClientConfig, TcpTransportOptions};

#[module(imports = [
    ClientsModule::register(&[
        ClientConfig::tcp("billing", TcpTransportOptions::default()),
        ClientConfig::tcp("notifications", TcpTransportOptions::default()),
    ]),
])]
struct AppModule;
