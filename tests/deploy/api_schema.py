"""Compares objects with the Kubernetes API's schema in Debian's python3-kubernetes (1.22), and with
those additions of newer servers that we use. A field that the API does not have, a wrong type and a
missing required field are errors; an API server would only drop the first."""
import re

from kubernetes import client

KINDS = {
    ("v1", "ConfigMap"): "V1ConfigMap",
    ("v1", "Namespace"): "V1Namespace",
    ("v1", "PersistentVolumeClaim"): "V1PersistentVolumeClaim",
    ("v1", "Service"): "V1Service",
    ("v1", "ServiceAccount"): "V1ServiceAccount",
    ("apps/v1", "StatefulSet"): "V1StatefulSet",
    ("networking.k8s.io/v1", "NetworkPolicy"): "V1NetworkPolicy",
    ("policy/v1", "PodDisruptionBudget"): "V1PodDisruptionBudget",
}
# 1.24: gRPC probes.
NEWER = {"V1Probe": {"grpc": {"port": int, "service": str}}}
# Objects of the Prometheus operator, with those fields of its API reference that we use.
OPERATOR = {
    "PodMonitor": {
        "selector": {"matchLabels": {"*": str}},
        "podMetricsEndpoints": [{"port": str, "interval": str, "path": str}],
    },
    "PrometheusRule": {
        "groups": [
            {
                "name": str,
                "interval": str,
                "rules": [
                    {
                        "alert": str,
                        "record": str,
                        "expr": str,
                        "for": str,
                        "labels": {"*": str},
                        "annotations": {"*": str},
                    }
                ],
            }
        ]
    },
}
PLAIN = {"str": str, "int": int, "bool": bool, "float": (int, float)}


def by_shape(value, shape, where):
    """Errors of a value, compared with a shape in the form above."""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return [f"{where}: is no object"]
        errors = []
        for key, inner in value.items():
            expected = shape.get(key, shape.get("*"))
            if expected is None:
                errors.append(f"{where}.{key}: there is no such field")
            else:
                errors += by_shape(inner, expected, f"{where}.{key}")
        return errors
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{where}: is no list"]
        return [e for i, one in enumerate(value) for e in by_shape(one, shape[0], f"{where}[{i}]")]
    return [] if isinstance(value, shape) else [f"{where}: {value!r} is no {shape.__name__}"]


def by_type(value, kind, where):
    """Errors of a value, compared with a type, as named by the client's models."""
    several = re.fullmatch(r"list\[(.+)\]", kind)
    if several:
        if not isinstance(value, list):
            return [f"{where}: is no list"]
        return [e for i, v in enumerate(value) for e in by_type(v, several[1], f"{where}[{i}]")]
    named = re.fullmatch(r"dict\(str, (.+)\)", kind)
    if named:
        if not isinstance(value, dict):
            return [f"{where}: is no object"]
        return [e for k, v in value.items() for e in by_type(v, named[1], f"{where}.{k}")]
    if kind == "object":  # A quantity, or a port by number or name.
        return [] if isinstance(value, (str, int)) else [f"{where}: {value!r} is no value"]
    if kind in PLAIN:
        good = isinstance(value, PLAIN[kind]) and not (kind != "bool" and isinstance(value, bool))
        return [] if good else [f"{where}: {value!r} is no {kind}"]
    return by_model(value, kind, where)


def by_model(value, name, where):
    model = getattr(client, name)
    if not isinstance(value, dict):
        return [f"{where}: is no object"]
    fields = {json: attribute for attribute, json in model.attribute_map.items()}
    errors, known = [], {}
    for key, inner in value.items():
        if key in NEWER.get(name, {}):
            errors += by_shape(inner, NEWER[name][key], f"{where}.{key}")
        elif key not in fields:
            errors.append(f"{where}.{key}: there is no such field")
        else:
            errors += by_type(inner, model.openapi_types[fields[key]], f"{where}.{key}")
            known[fields[key]] = inner
    try:
        model(**known)  # Its setters refuse missing required fields.
    except ValueError as error:
        errors.append(f"{where}: {error}")
    return errors


def errors_of(document):
    kind = document["kind"]
    where = f"{kind}/{document['metadata']['name']}"
    if document["apiVersion"] == "monitoring.coreos.com/v1":
        return by_model(document["metadata"], "V1ObjectMeta", where) + by_shape(
            document["spec"], OPERATOR[kind], where)
    name = KINDS.get((document["apiVersion"], kind))
    return by_model(document, name, where) if name else [f"{where}: no such kind"]
