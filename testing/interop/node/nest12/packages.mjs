// What the peer programs use of NestJS, resolved from this folder's node_modules.
import 'reflect-metadata';

export { Controller, Logger, Module, UseFilters } from '@nestjs/common';
export { NestFactory } from '@nestjs/core';
export * from '@nestjs/microservices';
export * as rxjs from 'rxjs';
export * as grpc from '@grpc/grpc-js';
