"""The catalogue of messages: every code the assembler can report, and its short title.

S1xx text and structure, S2xx names and operands, S3xx hazards (no defined result on the chip), S4xx limits; W5xx traps
(a defined result, seldom the one that was meant); S6xx and W6xx what concerns C++ that is imported; W7xx what
`scamp-sim ranges` finds.
"""

from __future__ import annotations

CODES: dict[str, str] = {
    # S1xx: text and structure
    "S101": "a file that cannot be read",
    "S102": "a file that is not UTF-8",
    "S103": "an empty source",
    "S104": "an unknown character",
    "S105": "a bracket, comment or text without its end",
    "S106": "a statement without its semicolon",
    "S107": "a symbol that does not fit",
    "S108": "an include that cannot be followed",
    "S109": "a statement where it is not allowed",
    "S110": "no program says what runs",
    "S111": "nothing to run",
    # S2xx: names and operands
    "S201": "an unknown instruction",
    "S202": "the wrong number of operands",
    "S203": "an operand of the wrong kind",
    "S204": "an unknown name",
    "S205": "a name that is taken",
    "S206": "an expression without a value",
    "S207": "an index out of range",
    "S208": "a parameter without a proper value",
    "S209": "a call that a kernel cannot hold",
    "S210": "an array instruction in the host program",
    "S211": "an unknown kernel or host function",
    "S212": "a macro that calls itself",
    "S213": "an output from a function that returns nothing",
    "S214": "a scratch register read before it is written",
    "S215": "a table of another shape than declared",
    # S3xx: hazards
    "S301": "a register is read and written by one word",
    "S302": "a source is named twice on the analog bus",
    "S303": "a destination is named twice on the analog bus",
    "S304": "a write-back half does not follow its read half",
    "S306": "an analog constant beyond the converter",
    "S307": "a pixel address beyond the address latches",
    "S308": "SELECT and RECT in one word",
    "S310": "a requirement that does not hold",
    "S311": "an operand overwritten by the macro that still needs it",
    "S312": "an operand of a host function out of range",
    "S313": "a host call that lacks the one before it",
    # S4xx: limits
    "S401": "more words than the kernel store holds",
    "S402": "no register left for scratch",
    "S403": "a source that expands beyond all bounds",
    "S404": "a source nested too deeply",
    # W5xx: traps
    "W501": "R12 written while R0 may not be all ones",
    "W502": "a register read before anything wrote it",
    "W503": "a register read after a macro overwrote it",
    "W504": "a neighbour's NEWS while FLAG may not be all ones",
    "W505": "FLAG left restricted",
    "W506": "several NEWS cells on one bus",
    "W507": "blur whose links are not set",
    "W508": "blur without blurset",
    "W509": "PROP without its read half",
    "W510": "DNEWS without directions",
    "W511": "an analog constant near the rails",
    "W512": "an empty rectangle",
    "W513": "an unused declaration",
    "W514": "a condition that gates nothing",
    "W515": "an operand named twice to no effect",
    "W516": "FLAG read while it is written",
    "W517": "a kernel or program that does nothing",
    "W518": "a condition that a macro ended",
    "W519": "an operand that a macro of the text overwrites early",
    "W520": "an address beyond the chip's array",
    # S6xx: imported C++
    "S601": "C++ that holds nothing for the array",
    "S602": "a call in a kernel that the text does not define",
    "S603": "kernel marks that do not pair",
    "S604": "a raw instruction word",
    "S605": "an operand that the text does not tell",
    "S606": "C++ in a kernel that cannot be read",
    # W6xx: what an import assumed or left out
    "W601": "a variable whose value was assumed",
    "W602": "a condition whose value was assumed",
    "W603": "a call of the host program left out",
    "W604": "a kernel left out",
    "W605": "C++ left out",
    "W606": "a static kernel launched with other operands",
    "W607": "a helper that the text does not define",
    # W7xx: what the analysis of ranges says
    "W701": "an analog value beyond what a register takes linearly",
    "W702": "a readout beyond the converter",
    "W703": "an analog value that may drift before it is read",
    "W704": "a bit that may fade before it is read",
}
