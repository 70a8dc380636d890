#!/usr/bin/env python3
"""JSON Schemas for kubeconform, a file for each kind: from Kubernetes's own description of its API, and from definitions of custom
resources. Unknown fields are refused.

    helm/checks/schemas.py FOLDER SWAGGER_JSON DEFINITION...        the folder exists
"""

import json
import pathlib
import sys

import yaml

# Described as strings, and taken as numbers too.
EITHER = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": ["string", "number"]},
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["string", "integer"]},
}


def schema(definition):
    """The API server takes null for a field that may be left out."""
    fields = definition.get("properties")
    if not fields:
        return definition
    optional = {name: field for name, field in fields.items() if name not in definition.get("required", []) and "type" in field}
    nullable = {name: {**field, "type": [field["type"], "null"]} for name, field in optional.items()}
    return {**definition, "properties": {**fields, **nullable}, "additionalProperties": False}


def file_of(kind):
    """As kubeconform asks: `deployment-apps-v1`, `pod-v1`, `networkpolicy-networking-v1`."""
    group = kind["group"].split(".")[0]
    return "-".join(filter(None, [kind["kind"], group, kind["version"]])).lower() + ".json"


def custom(definition, folder):
    """A file for each version of a custom resource."""
    spec = definition["spec"]
    for version in spec["versions"]:
        kind = {"kind": spec["names"]["kind"], "group": spec["group"], "version": version["name"]}
        (folder / file_of(kind)).write_text(json.dumps(closed(version["schema"]["openAPIV3Schema"])))


def closed(schema):
    """The API server drops unknown fields of custom resources."""
    if isinstance(schema, list):
        return [closed(it) for it in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {name: closed(it) for name, it in schema.items()}
    if isinstance(schema.get("properties"), dict) and not schema.get("x-kubernetes-preserve-unknown-fields"):
        schema["additionalProperties"] = False
    return schema


def main(folder, described, *definitions_of_others):
    definitions = json.loads(pathlib.Path(described).read_text())["definitions"]
    folder = pathlib.Path(folder)
    (folder / "definitions.json").write_text(json.dumps({"definitions": {name: schema(it) for name, it in definitions.items()} | EITHER}))
    for name, definition in definitions.items():
        # Types shared by all kinds, such as DeleteOptions, are not kinds.
        kinds = definition.get("x-kubernetes-group-version-kind", [])
        if len(kinds) == 1:
            (folder / file_of(kinds[0])).write_text(json.dumps({"$ref": f"definitions.json#/definitions/{name}"}))
    for file in definitions_of_others:
        custom(yaml.safe_load(pathlib.Path(file).read_text()), folder)


main(*sys.argv[1:])
