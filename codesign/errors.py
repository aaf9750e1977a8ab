"""The typed errors of the package: each message says what was expected, what was found and where."""


class CodesignError(Exception):
    """Base of every error a user can cause or repair; the CLI prints it as one line and exits with status 2."""


class ConfigError(CodesignError):
    """The configuration file is wrong; the message starts with the path of the key."""


class DataError(CodesignError):
    """A data file is missing, damaged, or has not the expected columns or values."""


class ToolError(CodesignError):
    """An external tool is missing, too old, or failed."""


class ToolTimeoutError(ToolError):
    """An external tool did not finish in time and was stopped."""


class RunError(CodesignError):
    """A run directory lacks the result of an earlier step, or belongs to another configuration."""


class ModelError(CodesignError):
    """A network cannot be built, saved or reloaded as asked."""


class TargetError(ModelError):
    """No checkpoint of a training met its resource target."""


class FirmwareError(CodesignError):
    """Generated firmware does not hold what it promises (ports, latency, dropped layers, constants)."""


class ReportError(CodesignError):
    """A tool's report is missing, stale or malformed."""


class EstimateError(CodesignError):
    """A design lies outside of what the estimate was calibrated on."""
