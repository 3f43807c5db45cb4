"""The contract as files for integrators: JSON Schemas, AsyncAPI, and examples, made from the models."""

from deploy.contract.asyncapi import INTERNAL, asyncapi
from deploy.contract.files import GENERATED, contract_files, write_files

__all__ = ["GENERATED", "INTERNAL", "asyncapi", "contract_files", "write_files"]
