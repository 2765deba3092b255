"""What a JUnit report and a SARIF log must look like, as the tests of this room hold them to.

JUNIT: the schema that continuous-integration services share (testsuites, testsuite, testcase with failure,
skipped, system-out). SARIF: the parts of SARIF 2.1.0 (OASIS, section 3) that Assay writes, closed, so that a
property which the standard does not have there is refused; required properties and value lists are its own.
"""

JUNIT = """<?xml version="1.0" encoding="UTF-8"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified">
  <xs:element name="failure"><xs:complexType mixed="true">
    <xs:attribute name="type" type="xs:string"/><xs:attribute name="message" type="xs:string"/>
  </xs:complexType></xs:element>
  <xs:element name="skipped"><xs:complexType><xs:simpleContent><xs:extension base="xs:string">
    <xs:attribute name="message" type="xs:string"/>
  </xs:extension></xs:simpleContent></xs:complexType></xs:element>
  <xs:element name="system-out" type="xs:string"/>
  <xs:element name="testcase"><xs:complexType><xs:sequence>
    <xs:choice minOccurs="0"><xs:element ref="skipped"/><xs:element ref="failure"/></xs:choice>
    <xs:element ref="system-out" minOccurs="0"/>
  </xs:sequence>
    <xs:attribute name="name" type="xs:string" use="required"/>
    <xs:attribute name="classname" type="xs:string" use="required"/>
  </xs:complexType></xs:element>
  <xs:element name="testsuite"><xs:complexType>
    <xs:sequence><xs:element ref="testcase" minOccurs="0" maxOccurs="unbounded"/></xs:sequence>
    <xs:attribute name="name" type="xs:string" use="required"/>
    <xs:attribute name="tests" type="xs:nonNegativeInteger" use="required"/>
    <xs:attribute name="failures" type="xs:nonNegativeInteger" use="required"/>
    <xs:attribute name="errors" type="xs:nonNegativeInteger" use="required"/>
    <xs:attribute name="skipped" type="xs:nonNegativeInteger"/>
  </xs:complexType></xs:element>
  <xs:element name="testsuites"><xs:complexType>
    <xs:sequence><xs:element ref="testsuite" minOccurs="0" maxOccurs="unbounded"/></xs:sequence>
    <xs:attribute name="name" type="xs:string"/>
  </xs:complexType></xs:element>
</xs:schema>
"""


def _closed(properties: dict, required: tuple[str, ...] = ()) -> dict:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _list(items: dict) -> dict:
    return {"type": "array", "items": items}


_TEXT = {"type": "string"}
_MESSAGE = _closed({"text": _TEXT, "markdown": _TEXT, "id": _TEXT}, ("text",))
_LEVEL = {"enum": ["none", "note", "warning", "error"]}
_BAG = {"type": "object"}
_RULE = _closed(
    {
        "id": _TEXT,
        "shortDescription": _MESSAGE,
        "fullDescription": _MESSAGE,
        "help": _MESSAGE,
        "defaultConfiguration": _closed({"level": _LEVEL, "enabled": {"type": "boolean"}}),
        "properties": _BAG,
    },
    ("id",),
)
_LOCATION = _closed(
    {
        "physicalLocation": _closed(
            {"artifactLocation": _closed({"uri": {"type": "string", "format": "uri-reference"}})}
        ),
        "logicalLocations": _list(_closed({"name": _TEXT, "fullyQualifiedName": _TEXT, "kind": _TEXT})),
    }
)
_RESULT = _closed(
    {
        "ruleId": _TEXT,
        "ruleIndex": {"type": "integer", "minimum": -1},
        "level": _LEVEL,
        "message": _MESSAGE,
        "locations": _list(_LOCATION),
        "partialFingerprints": {"type": "object", "additionalProperties": _TEXT},
        "properties": _BAG,
    },
    ("message",),
)
_RUN = _closed(
    {
        "tool": _closed(
            {"driver": _closed({"name": _TEXT, "version": _TEXT, "rules": _list(_RULE)}, ("name",))},
            ("driver",),
        ),
        "invocations": _list(
            _closed(
                {
                    "executionSuccessful": {"type": "boolean"},
                    "toolExecutionNotifications": _list(
                        _closed({"level": _LEVEL, "message": _MESSAGE}, ("message",))
                    ),
                },
                ("executionSuccessful",),
            )
        ),
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
        "results": _list(_RESULT),
    },
    ("tool",),
)
SARIF = _closed(
    {"$schema": {"type": "string", "format": "uri"}, "version": {"enum": ["2.1.0"]}, "runs": _list(_RUN)},
    ("version", "runs"),
)
