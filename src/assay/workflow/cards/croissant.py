"""Croissant 1.1 metadata (MLCommons) of the audited data: what the images are, file by file with its hash.

The records are the rows of `label_quality.csv`, or of `issues.csv` where labels were not judged; their hash
is the manifest's. The images themselves stay where they are: a record names one by its id and digest.
"""

from typing import Any, Final

from assay.workflow.cards.source import CardSource

CONFORMS_TO: Final = "http://mlcommons.org/croissant/1.1"

_CONTEXT: Final[dict[str, Any]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}

#: Column -> its type and what it says, of the tables that list images.
_COLUMNS: Final = {
    "split": ("sc:Text", "which split the image is in"),
    "index": ("sc:Integer", "its place in the split, from 0, in source order"),
    "id": ("sc:Text", "its name at the source"),
    "digest": ("sc:Text", "SHA-256 of its shape and decoded pixels"),
    "label": ("sc:Text", "its class as given"),
}

_TABLES: Final = {
    "label_quality.csv": ("images", "Every image of the data, with how far its label can be trusted."),
    "issues.csv": ("issues", "The images that a check of the audit flags."),
}


def croissant(source: CardSource) -> dict[str, Any]:
    """The metadata as JSON-LD, to lie beside the tables that it names."""
    hashes, data = source.manifest["files"], source.audit["dataset"]
    table = next(name for name in _TABLES if name in hashes)
    records, told = _TABLES[table]
    images = sum(int(part["count"]) for part in data["splits"].values())
    metadata: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": source.data_name,
        "description": f"{images:,} labelled images of {len(source.classes):,} classes, as audited by Assay "
        f"(fingerprint {data['fingerprint']}).",
        **({"datePublished": ended[:10]} if (ended := source.manifest.get("ended")) else {}),
        "identifier": data["fingerprint"],
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": table,
                "name": table,
                "description": told,
                "contentUrl": table,
                "encodingFormat": "text/csv",
                "sha256": hashes[table],
            }
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": records,
                "name": records,
                "description": told,
                "field": [_field(records, table, column) for column in _COLUMNS],
            }
        ],
    }
    owner = {"license": source.license, "url": source.url}
    return metadata | {key: value for key, value in owner.items() if value}


def _field(records: str, table: str, column: str) -> dict[str, Any]:
    kind, told = _COLUMNS[column]
    place = {"fileObject": {"@id": table}, "extract": {"column": column}}
    return {
        "@type": "cr:Field",
        "@id": f"{records}/{column}",
        "name": f"{records}/{column}",
        "description": told,
        "dataType": kind,
        "source": place,
    }
