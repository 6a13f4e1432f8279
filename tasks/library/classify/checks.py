"""What `classify` answers is one of the labels that it was given."""

from typing import Any


def one_of_the_labels(output: dict[str, Any], columns: dict[str, Any]) -> str | None:
    """Labels stand in the column `labels`: a list, or a text with commas or line ends between them."""
    given = columns.get("labels", "")
    listed = given if isinstance(given, list) else given.replace("\n", ",").split(",")
    labels = [str(label).strip() for label in listed if str(label).strip()]
    if output["label"] in labels:
        return None
    return f"'{output['label']}' is not one of the labels: {', '.join(labels)}."
