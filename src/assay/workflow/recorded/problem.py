"""Why a parsed file is not what Assay writes, in a few words that name the place."""

from pydantic import BaseModel, ConfigDict, ValidationError

from assay.core.text import one_line, shortened

#: Types as they are, numbers that are numbers; keys that nobody asks for may be there.
STRICT = ConfigDict(strict=True, allow_inf_nan=False, extra="ignore")


def problem_of(shape: type[BaseModel], content: object) -> str:
    """The first place where parsed content differs from its shape; empty if it has that shape."""
    try:
        shape.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(one_line(ascii(part).strip("'")) for part in first["loc"])
        told = one_line(first["msg"]).partition(" or instance of ")[0]
        return shortened(f"{where or 'it'}: {told}", 200)
    return ""
