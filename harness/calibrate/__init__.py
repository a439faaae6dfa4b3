"""verdicts of a judge + ratings by people → how far they agree, and the file that says so."""

from harness.calibrate.agreement import Rated, agreement
from harness.calibrate.file import Calibration, read_calibrations, trust, write_calibrations

__all__ = ["Calibration", "Rated", "agreement", "read_calibrations", "trust", "write_calibrations"]
