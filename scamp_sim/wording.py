"""Small pieces of text that messages and tables share."""


def plural(n: int, noun: str) -> str:
    """'1 word', '2 words'."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def short(text: str, width: int) -> str:
    """The text, cut to `width` characters."""
    return text if len(text) <= width else text[: width - 3] + "..."
