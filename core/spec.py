"""What the description of the API calls its schemas: a plugin's carry its name, so that two plugins never clash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_cls

if TYPE_CHECKING:
    from core.catalog import Catalog


def naming(catalog: Catalog) -> MarshmallowPlugin:
    """Apispec's plugin with our names: core's classes as they are, `AcmeItemOut` for plugin acme's `ItemOut`."""
    packages = {
        module.__name__.rpartition(".")[0] or module.__name__: name
        for name, module in catalog.modules.items()
        if not catalog.plugins[name].always_on
    }

    def name_of(schema: Any) -> str:
        found = resolve_schema_cls(schema)
        kind = found[0] if isinstance(found, list) else found
        owner = next(
            (name for package, name in packages.items() if _inside(kind.__module__, package)), ""
        )
        prefix, name = owner.title().replace("_", ""), kind.__name__.removesuffix("Schema")
        return name if name.startswith(prefix) else prefix + name

    return MarshmallowPlugin(schema_name_resolver=name_of)


def _inside(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")
