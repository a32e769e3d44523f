"""The one base class of everything this project raises on bad input."""


class ScampError(ValueError):
    """Bad input, told in the user's terms: what is wrong, where, and what to do about it.

    of_the_line: whether it is the command line that is wrong, whatever the files hold, and the exit code 2.
    """

    of_the_line = False


class PlaneError(ScampError):
    """A plane or image of the wrong shape, type or content."""


class RegisterError(ScampError):
    """A register that does not exist, or that cannot be used that way."""


class ProgramError(ScampError):
    """A program that cannot be run as asked (missing input, unknown engine, wrong parameter)."""


class OptionError(ProgramError):
    """An option, or the value of one, that cannot be, whatever the files hold: the command line ends with code 2."""

    of_the_line = True


class ScampWarning(UserWarning):
    """Something that the chip would do, but that the caller seldom wants."""
