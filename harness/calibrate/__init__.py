"""verdicts of a judge + ratings by people → how far they agree, and the file that says so."""

from harness.calibrate.agreement import FEWEST, Rated, agreement
from harness.calibrate.entry import Calibration
from harness.calibrate.file import read_calibrations, write_calibrations
from harness.calibrate.trust import doubt, trust, unfit

__all__ = [
    "FEWEST",
    "Calibration",
    "Rated",
    "agreement",
    "doubt",
    "read_calibrations",
    "trust",
    "unfit",
    "write_calibrations",
]
