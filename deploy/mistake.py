"""What a user can mend: the command line says it in one line, without a traceback."""


class Mistake(Exception):  # noqa: N818 - it is the user's, not the program's
    """The message says what is wrong and, where that isn't plain, what to do."""
